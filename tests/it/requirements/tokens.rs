//! Tokens and what may be seen of secrets (RFC 7644 sections 2, 7.4 and 7.5).

use serde_json::json;

use crate::support::{encode, urn, user};

on_both! {
    /// A token is long, ends, and is refused as soon as one letter of it is another.
    async fn r002_a_token_cannot_be_guessed_and_ends(system) {
        let tenant = system.tenant("tokens");
        assert!(tenant.token.len() > 100, "{} letters", tenant.token.len());
        tenant.client().get("/Users").await.expect(200);
        for place in [0, tenant.token.len() / 2, tenant.token.len() - 2] {
            let mut letters: Vec<char> = tenant.token.chars().collect();
            letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
            let forged: String = letters.into_iter().collect();
            tenant.client().with_token(&forged).get("/Users").await.expect(401);
        }
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        assert!(listed["tokens"][0]["expires"].is_string(), "{listed}");
    }

    /// Only the header carries a token, and a revoked one is dead at once.
    async fn r162_a_token_is_revocable_and_never_taken_from_the_url(system) {
        let tenant = system.tenant("tokens");
        let client = tenant.client();
        let bare = client.clone().without("authorization");
        for parameter in ["access_token", "token"] {
            bare.get(&format!("/Users?{parameter}={}", tenant.token)).await.expect(401);
        }
        client.get("/Users").await.expect(200);
        system.tenantry(&["token", "revoke", &tenant.name]).expect(0);
        let refused = client.get("/Users").await.expect(401);
        assert!(refused.header("www-authenticate").is_some_and(|scheme| scheme.contains("invalid_token")));
    }

    /// The name stands in the URL because every client does it; who does not want that has `/.search`.
    async fn r014_names_may_stand_in_the_url_or_in_a_search(system) {
        let client = system.tenant("urls").client();
        client.post("/Users", &user("ada")).await.expect(201);
        let by_url = client.find("Users", "userName eq \"ada\"").await.expect(200);
        let search = json!({ "schemas": [urn::SEARCH], "filter": "userName eq \"ada\"" });
        let by_search = client.post("/Users/.search", &search).await.expect(200);
        assert_eq!((by_url.total(), &by_url.body), (1, &by_search.body));
    }

    /// A password has no way into a filter, a view, an answer or the log.
    async fn r043_r163_a_password_is_seen_nowhere(system) {
        let client = system.tenant("secrets").client();
        let mut body = user("ada");
        body["password"] = json!("hunter2-of-ada");
        let id = client.post("/Users", &body).await.expect(201).id();
        for path in ["/Users?attributes=password".to_owned(), format!("/Users/{id}?attributes=password"), format!("/Users/{id}")] {
            assert!(!client.get(&path).await.expect(200).text.contains("hunter2"), "{path}");
        }
        for filter in ["password pr", "password eq \"hunter2-of-ada\"", "not (password pr)"] {
            client.get(&format!("/Users?filter={}", encode(filter))).await.refused(400, Some("invalidFilter"));
        }
        assert!(!system.server().log().contains("hunter2"));
    }
}
