//! What must never be written down: tokens, passwords, names, filter values, bodies.

use serde_json::json;

use crate::support::{Request, System, Wire, patch_one, urn, user};

/// Everything a careful operator does not want to find in a log.
const SECRETS: [&str; 9] = [
    "hunter2-password",
    "patched-password",
    "secret.person",
    "Secret Person",
    "secret-mail",
    "filtered-value",
    "guessed-token",
    "query-token",
    "secret-title",
];

on_both! {
    /// Whatever is sent, well or badly, at the most talkative level.
    async fn r163_logs_hold_no_secret_and_no_person(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_LOG__LEVEL", "trace")]).await;
        let token = provoke(&system).await;
        assert!(system.server().stop().await.success());
        let log = system.server().log();
        assert!(log.lines().count() > 20, "the requests are logged:\n{log}");
        for secret in SECRETS.into_iter().chain([token.as_str(), token.rsplit('.').next().expect("a signature")]) {
            let found = log.lines().find(|line| line.contains(secret));
            assert!(found.is_none(), "\"{secret}\" is logged: {}", found.unwrap_or_default());
        }
    }

    /// No answer holds a password, also none that was refused.
    async fn r043_no_answer_holds_the_password(system) {
        let client = system.tenant("password").client();
        let mut body = user("ada");
        body["password"] = json!("hunter2-password");
        let created = client.post("/Users", &body).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let answers = [
            client.get(&path).await,
            client.get(&format!("{path}?attributes=password")).await,
            client.get("/Users?attributes=password,userName").await,
            client.put(&path, &body).await,
            client.patch(&path, &patch_one("replace", "password", json!("hunter2-password"))).await,
            client.patch(&path, &patch_one("add", "password", json!({ "value": "hunter2-password" }))).await,
            client.post("/Users", &body).await,
            client.find("Users", "password eq \"hunter2-password\"").await,
            client.find("Users", "password pr").await,
            client.get("/Users?sortBy=password").await,
        ];
        for answer in [created].iter().chain(&answers) {
            let told = answer.text.contains("hunter2-password") || answer.body.get("password").is_some();
            assert!(!told, "{} → {}", answer.request, answer.text);
        }
        for refused in &answers[7..9] {
            assert!(matches!(refused.status, 400 | 403), "a filter on the password is an oracle: {}", refused.text);
        }
    }

    /// The files of the data folder hold no token, and what is secret is for the owner alone.
    async fn the_data_folder_holds_no_token_and_is_the_owners_alone(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("stored");
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        assert!(system.server().stop().await.success());
        let signature = tenant.token.rsplit('.').next().expect("a signature");
        for entry in std::fs::read_dir(system.server().data_folder()).expect("the data folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("its type").is_file() {
                let bytes = std::fs::read(entry.path()).expect("its bytes");
                let found = bytes.windows(signature.len()).any(|window| window == signature.as_bytes());
                assert!(!found, "the token is in {}", entry.path().display());
            }
            if entry.path().extension().is_some_and(|extension| extension == "key") {
                let mode = std::os::unix::fs::MetadataExt::mode(&entry.metadata().expect("its mode"));
                assert_eq!(mode & 0o077, 0, "{} is readable by others", entry.path().display());
            }
        }
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(system.server().data_folder()).expect("its mode"));
        assert_eq!(mode & 0o007, 0, "the data folder is open to everybody");
    }
}

/// Sends every secret in every place one can think of; returns the token.
async fn provoke(system: &System) -> String {
    let tenant = system.tenant("talkative");
    let client = tenant.client();
    let mut body = user("secret.person");
    body["displayName"] = json!("Secret Person");
    body["password"] = json!("hunter2-password");
    body["title"] = json!("secret-title");
    body["emails"] = json!([{ "value": "secret-mail@mail.example" }]);
    let id = client.post("/Users", &body).await.expect(201).id();
    let path = format!("/Users/{id}");
    client.post("/Users", &body).await.expect(409);
    client.put(&path, &body).await.expect(200);
    client.patch(&path, &patch_one("replace", "password", json!("patched-password"))).await.expect(200);
    client.patch(&path, &patch_one("replace", "active", json!("secret-title"))).await.expect(400);
    client
        .patch(&path, &patch_one("replace", "emails[value eq \"secret-mail\"].display", json!("Secret Person")))
        .await;
    client.find("Users", "userName eq \"filtered-value\"").await.expect(200);
    client.find("Users", "userName filtered-value").await.expect(400);
    client
        .post("/.search", &json!({ "schemas": [urn::SEARCH], "filter": "displayName eq \"filtered-value\"" }))
        .await
        .expect(200);
    client.get("/Users?access_token=query-token").await.expect(200);
    client.get("/Users?sortBy=filtered-value").await;
    client.clone().with_token("guessed-token").get("/Users").await.expect(401);
    client.clone().with("authorization", "Basic guessed-token").get("/Users").await.expect(401);
    let broken = "{\"userName\":\"secret.person\",\"password\":\"hunter2-password\",}";
    client
        .send(Request::new("POST", "/Users").body(broken).header("content-type", "application/json"))
        .await
        .expect(400);
    let bulk = json!({ "schemas": [urn::BULK], "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "a", "data": body }] });
    client.post("/Bulk", &bulk).await.expect(200);
    client.with("user-agent", "secret.person guessed-token").get(&path).await.expect(200);
    let mut wire = Wire::connect(system.server().port()).await;
    wire.send("GET /secret.person?filtered-value HTTP/1.1\r\nHost: secret-mail\r\nAuthorization: Bearer guessed-token\r\n\r\n").await;
    wire.answer().await.expect(404);
    tenant.token
}
