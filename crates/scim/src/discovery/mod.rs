//! What the service tells about itself (RFC 7644 section 4).
