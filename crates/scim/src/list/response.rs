//! The message that carries a list (RFC 7644 section 3.4.2, RFC 9865 section 2).

/// URN of the list message.
const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What stands around the resources of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListHead<'a> {
    /// How many resources match in all; cursors may leave it out (RFC 9865 section 2).
    pub total: Option<u64>,
    /// The position of the first resource, as asked for; not with cursors.
    pub start: Option<u64>,
    /// How many resources follow (`itemsPerPage`; Okta wants the true number).
    pub items: usize,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<&'a str>,
    /// Where the previous page starts; `None` on the first page.
    pub previous: Option<&'a str>,
}

/// Writes a list around resources that are rendered one after the other. `Resources` is there even when it is empty.
#[derive(Debug)]
pub struct ListWriter<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> ListWriter<'o> {
    /// Writes what comes before the resources.
    pub fn begin(head: &ListHead<'_>, out: &'o mut Vec<u8>) -> Self {
        push(out, "{\"schemas\":[\"");
        push(out, LIST_RESPONSE);
        push(out, "\"]");
        number(out, "totalResults", head.total);
        number(out, "startIndex", head.start);
        number(out, "itemsPerPage", u64::try_from(head.items).ok());
        text(out, "nextCursor", head.next);
        text(out, "previousCursor", head.previous);
        push(out, ",\"Resources\":[");
        Self { out, is_first: true }
    }

    /// Where the next resource is to be written, whole.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        self.out
    }

    /// Writes what comes after the resources.
    pub fn end(self) {
        push(self.out, "]}");
    }
}

fn number(out: &mut Vec<u8>, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        push(out, &format!(",\"{name}\":{value}"));
    }
}

fn text(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        push(out, &format!(",\"{name}\":{}", serde_json::Value::from(value)));
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
