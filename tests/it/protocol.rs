//! HTTP itself: unusual but legal requests, and illegal ones.

use crate::support::{System, Tenant, Wire, user};

/// A request line and headers by hand, with the token.
fn head(tenant: &Tenant, line: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n", tenant.token)
}

async fn answers(system: &System, text: &str) -> u16 {
    let mut wire = Wire::connect(system.server().port()).await;
    wire.send(text).await;
    wire.answer().await.status
}

on_both! {
    /// Forms that proxies and old clients use.
    async fn unusual_requests_are_served(system) {
        let tenant = system.tenant("http");
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        let path = format!("/t/{}/scim/v2/Users/{id}", tenant.name);
        let whole = format!("http://127.0.0.1:{}{path}", system.server().port());
        assert_eq!(answers(&system, &format!("{}\r\n", head(&tenant, &format!("GET {whole}")))).await, 200);
        let old = format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {}\r\n\r\n", tenant.token);
        assert_eq!(answers(&system, &old).await, 200);
        let with_body = format!("{}Content-Length: 2\r\n\r\n{{}}", head(&tenant, &format!("GET {path}")));
        assert_eq!(answers(&system, &with_body).await, 200);
        let escaped = format!("/t/{}/scim/v2/Users/{}", tenant.name, id.replace('-', "%2D"));
        assert_eq!(answers(&system, &format!("{}\r\n", head(&tenant, &format!("GET {escaped}")))).await, 200);
        let delete = format!("{}Content-Type: application/json\r\nContent-Length: 0\r\n\r\n", head(&tenant, &format!("DELETE {path}")));
        assert_eq!(answers(&system, &delete).await, 204);
    }

    /// A body in chunks is a body.
    async fn a_chunked_body_is_read(system) {
        let tenant = system.tenant("http");
        let body = user("chunked").to_string();
        let chunks: String = body.as_bytes().chunks(7).map(|part| format!("{:x}\r\n{}\r\n", part.len(), String::from_utf8_lossy(part))).collect();
        let line = format!("POST /t/{}/scim/v2/Users", tenant.name);
        let request = format!("{}Content-Type: application/scim+json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n", head(&tenant, &line));
        assert_eq!(answers(&system, &request).await, 201);
    }

    /// Two lengths, or a length and chunks, are how requests are smuggled past proxies.
    async fn ambiguous_lengths_are_refused(system) {
        let tenant = system.tenant("http");
        let line = format!("POST /t/{}/scim/v2/Users", tenant.name);
        let smuggled = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for lengths in ["Content-Length: 4\r\nContent-Length: 40\r\n", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Content-Length: -1\r\n", "Content-Length: 0x10\r\n"] {
            let request = format!("{}Content-Type: application/json\r\n{lengths}\r\n0\r\n\r\n{smuggled}", head(&tenant, &line));
            let mut wire = Wire::connect(system.server().port()).await;
            wire.send(request).await;
            let status = wire.status().await;
            assert!(status.is_none_or(|status| (400..500).contains(&status)), "{lengths}: {status:?}");
        }
        assert_eq!(tenant.client().get("/Users?count=0").await.expect(200).total(), 0);
    }

    /// Two tokens in one request are none.
    async fn two_authorizations_are_none(system) {
        let (tenant, other) = (system.tenant("http"), system.tenant("http"));
        let line = format!("GET /t/{}/scim/v2/Users", tenant.name);
        let request = format!("{}Authorization: Bearer {}\r\n\r\n", head(&tenant, &line), other.token);
        assert_eq!(answers(&system, &request).await, 401);
    }

    /// What is no HTTP at all ends the connection, not the server.
    async fn noise_ends_the_connection(system) {
        let tenant = system.tenant("http");
        let long = format!("GET / HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X-Many: x\r\n".repeat(5_000));
        for noise in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", long.as_bytes(), many.as_bytes()] {
            let mut wire = Wire::connect(system.server().port()).await;
            wire.send(noise).await;
            wire.shut().await;
            wire.closed().await;
        }
        tenant.client().get("/Users").await.expect(200);
    }

    /// Every refusal says which request it answers; clients and logs meet there.
    async fn every_refusal_has_a_request_id(system) {
        let client = system.tenant("http").client();
        let mut ids = Vec::new();
        for path in ["/Users/none", "/Nothing", "/Users?filter=x", "/Me"] {
            ids.push(client.get(path).await.header("x-request-id").expect("a request id").to_owned());
        }
        ids.push(client.without("authorization").get("/Users").await.header("x-request-id").expect("a request id").to_owned());
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }
}
