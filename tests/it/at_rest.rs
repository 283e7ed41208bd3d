//! What whoever steals the database gets: no key, no token and no secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::{Client, Database, Request, System, Tenant, database, encode, user};

/// Everything in every table, row by row; bytes are in hexadecimal.
async fn dump(url: &str) -> String {
    let is_sqlite = url.starts_with("sqlite:");
    let tables = match is_sqlite {
        true => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        false => {
            "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        }
    };
    let mut dump = Vec::new();
    for table in database::texts(url, tables).await {
        let rows = match is_sqlite {
            true => rows_of_sqlite(url, &table).await,
            false => format!("SELECT CAST(row_to_json(t) AS text) FROM {table} t"),
        };
        dump.push(format!("{table}:"));
        dump.extend(database::texts(url, &rows).await);
    }
    dump.join("\n")
}

async fn rows_of_sqlite(url: &str, table: &str) -> String {
    let columns = database::texts(url, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
    let columns: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    format!("SELECT {} FROM \"{table}\"", columns.join(" || ' ' || "))
}

/// The files of the folder and everything below it, of an SQLite database, as they are.
fn bytes_in(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.contains(".sqlite") || name.contains(".db") {
            bytes.extend(std::fs::read(path).expect("a file of the database"));
        }
    }
    bytes
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a secret may look like when it is kept: as it is, or in another writing of the same bytes.
fn writings(secret: &str) -> Vec<String> {
    let mut writings = vec![secret.to_owned(), hexadecimal(secret.as_bytes()), STANDARD_NO_PAD.encode(secret)];
    let decoded =
        STANDARD.decode(secret).or_else(|_| STANDARD_NO_PAD.decode(secret)).or_else(|_| URL_SAFE_NO_PAD.decode(secret));
    if let Ok(bytes) = decoded.as_deref().map(<[u8]>::to_vec) {
        writings.extend([hexadecimal(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]);
    }
    writings.retain(|writing| writing.len() >= 16);
    writings
}

/// A secret and what it is called.
type Secret = (&'static str, String);

/// Everything that a server hands out or keeps that opens a door, and the tenant that it is of.
async fn make_secrets(system: &System) -> (Tenant, Vec<Secret>) {
    let tenant = system.tenant("stolen");
    let mut secrets = vec![("the token before", tenant.token.clone())];
    let run = |arguments: &[&str]| system.tenantry(arguments).expect(0).json();
    let text = |answer: &serde_json::Value, name: &str| answer[name].as_str().expect("a text").to_owned();
    secrets
        .push(("a token", text(&run(&["token", "issue", &tenant.name, "--request-id", "named", "--json"]), "token")));
    let staged = text(&run(&["token", "issue", &tenant.name, "--mode", "staged", "--json"]), "token");
    let holder = Tenant { token: staged.clone(), ..tenant.clone() };
    secrets.push(("a token that waits", staged));
    let client = text(&run(&["oauth", "client", "create", &tenant.name, "entra", "--json"]), "client_id");
    let secret = text(&run(&["oauth", "secret", "issue", &tenant.name, &client, "--json"]), "client_secret");
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", encode(&secret));
    let url = format!("{}/t/{}/oauth2/token", system.server().origin(), tenant.name);
    let request = Request::new("POST", url).body(form).header("content-type", "application/x-www-form-urlencoded");
    secrets.push(("an access token", text(&Client::new("").send_any(request).await.expect(200).body, "access_token")));
    secrets.push(("a secret of a client", secret));
    let key = text(&run(&["api-key", "create", "--name", "stolen", "--json"]), "key");
    secrets.push(("the secret of an API key", key.splitn(3, '_').nth(2).expect("a secret").to_owned()));
    secrets.push(("an API key", key));
    let mut person = user("ada");
    person["password"] = json!("correct-horse-battery-staple");
    holder.client().post("/Users", &person).await.expect(201);
    secrets.push(("a password", "correct-horse-battery-staple".to_owned()));
    for (name, token) in secrets.clone() {
        if let Some(signature) = token.rsplit('.').next().filter(|_| token.matches('.').count() == 2) {
            secrets.push((name, signature.to_owned()));
        }
    }
    (tenant, secrets)
}

/// The signing keys in the data folder: every long word of its key files.
fn signing_keys(system: &System) -> Vec<Secret> {
    let entries = std::fs::read_dir(system.server().data_folder()).expect("the data folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let keys = paths.filter(|path| path.extension().is_some_and(|extension| extension == "key"));
    let texts: Vec<String> = keys.map(|path| std::fs::read_to_string(path).expect("a key")).collect();
    let words = texts.iter().flat_map(|text| text.split(|letter: char| letter.is_whitespace() || letter == '"'));
    words.filter(|word| word.len() >= 32).map(|word| ("a signing key", word.to_owned())).collect()
}

on_both! {
    /// Searched in all tables (and, of SQLite, in the bytes of the files) in every writing that comes to mind. That the search finds
    /// what is there is shown by what may be there.
    async fn the_database_holds_no_key_no_token_and_no_secret(database: Database) {
        let system = System::start(database).await;
        let before = signing_keys(&system);
        assert!(!before.is_empty(), "there is a signing key");
        system.tenantry(&["key", "rotate"]).expect(0);
        let (tenant, mut secrets) = make_secrets(&system).await;
        secrets.extend(before);
        secrets.extend(signing_keys(&system));
        let url = system.server().database_url().to_owned();
        let mut found = dump(&url).await;
        for known in [tenant.name.as_str(), "userName", "entra", "named"] {
            assert!(found.contains(known), "the search finds {known}");
        }
        if database == Database::Sqlite {
            let file = url.trim_start_matches("sqlite://").split('?').next().expect("a file").to_owned();
            let bytes = bytes_in(Path::new(&file).parent().expect("a folder"));
            assert!(bytes.windows(tenant.name.len()).any(|window| window == tenant.name.as_bytes()), "the search finds files");
            found.push_str(&String::from_utf8_lossy(&bytes));
        }
        let lower = found.to_lowercase();
        for (name, secret) in &secrets {
            assert!(secret.len() >= 16, "{name} is long enough to be searched for");
            for writing in writings(secret) {
                let is_there = found.contains(&writing) || lower.contains(&writing.to_lowercase());
                assert!(!is_there, "{name} is in the database as {writing}");
            }
        }
        assert!(secrets.len() >= 12, "{} secrets", secrets.len());
    }
}
