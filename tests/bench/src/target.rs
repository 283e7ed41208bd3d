//! One tenant of a running server, as a client sees it.

use std::fmt::Arguments;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where requests go and what each of them carries.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The path of the base URL, without a slash at its end.
    prefix: Arc<str>,
    /// The lines that every head has, each with its end.
    headers: Arc<str>,
}

impl Target {
    /// A tenant at this base path, with its token.
    pub(crate) fn new(address: SocketAddr, prefix: &str, token: &str) -> Self {
        let headers = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\nAccept: application/scim+json\r\n");
        Self { address, prefix: prefix.trim_end_matches('/').into(), headers: headers.into() }
    }

    /// Writes a request without a body. What follows the prefix must be escaped already.
    pub(crate) fn get(&self, request: &mut Vec<u8>, path: Arguments<'_>) {
        // A write into memory cannot fail.
        let _ = write!(request, "GET {}{path} HTTP/1.1\r\n{}\r\n", self.prefix, self.headers);
    }

    /// Writes a request with a body.
    pub(crate) fn send(&self, request: &mut Vec<u8>, method: &str, path: Arguments<'_>, body: &[u8]) {
        let (prefix, headers, length) = (&self.prefix, &self.headers, body.len());
        // A write into memory cannot fail.
        let _ = write!(
            request,
            "{method} {prefix}{path} HTTP/1.1\r\n{headers}Content-Type: application/scim+json\r\nContent-Length: {length}\r\n\r\n"
        );
        request.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_request_carries_token_and_length() {
        let target = Target::new(([127, 0, 0, 1], 80).into(), "/t/acme/scim/v2/", "secret");
        let mut request = Vec::new();
        target.send(&mut request, "POST", format_args!("/Users"), b"{}");
        assert_eq!(
            String::from_utf8(request).unwrap(),
            "POST /t/acme/scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer secret\r\n\
             Accept: application/scim+json\r\nContent-Type: application/scim+json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
