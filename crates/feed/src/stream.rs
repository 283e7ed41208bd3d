//! Server-sent events (WHATWG HTML, section 9.2): one long answer, an event as soon as it is there.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use events::Event;
use futures::stream::unfold;
use secrecy::SecretString;

use crate::State;
use crate::places::Place;
use crate::problem::Problem;
use crate::pull;

/// How often a line is sent that says nothing, so that whoever is in between keeps the connection; and how often the token is
/// looked at again.
const PULSE: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// One answer that goes on.
struct Stream {
    state: web::Data<State>,
    token: SecretString,
    after: Option<i64>,
    limit: u32,
    ready: VecDeque<Bytes>,
    /// It was told why nothing more comes.
    has_ended: bool,
    _place: Place,
}

/// Events after a number, and those that come, until the reader goes away or its token is replaced.
pub(crate) async fn answer(
    request: &HttpRequest,
    state: web::Data<State>,
    token: SecretString,
    after: Option<i64>,
    limit: u32,
    place: Place,
) -> Result<HttpResponse, Problem> {
    // Who comes back says so in a header, and the URL is still that of the first time.
    let after = last_event_id(request)?.or(after);
    let mut stream = Stream { state, token, after, limit, ready: VecDeque::new(), has_ended: false, _place: place };
    // What is wrong from the beginning is a status, as for everybody else.
    stream.fill(Duration::ZERO).await?;
    let body = unfold(stream, |mut stream| async move {
        if stream.ready.is_empty() && !stream.has_ended {
            stream.go_on().await;
        }
        let next = stream.ready.pop_front()?;
        Some((Ok::<Bytes, Problem>(next), stream))
    });
    let mut answer = HttpResponse::Ok();
    // Proxies such as nginx keep answers together unless they are told.
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header(("x-accel-buffering", "no"));
    Ok(answer.content_type("text/event-stream").streaming(body))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| Problem::invalid("Last-Event-ID is the number of an event"))
}

impl Stream {
    /// What comes next, or the reason why nothing does.
    async fn go_on(&mut self) {
        if let Err(problem) = self.fill(PULSE).await {
            self.ready.push_back(format!("event: problem\ndata: {}\n\n", problem.body()).into());
            self.has_ended = true;
        }
    }

    async fn fill(&mut self, patience: Duration) -> Result<(), Problem> {
        let reader = pull::find(&self.state, &self.token).await?.ok_or_else(Problem::unauthorized)?;
        let page = self.state.stores.read(&reader, self.after, self.limit, patience).await?;
        self.ready.extend(page.events.iter().map(told));
        if self.ready.is_empty() {
            self.ready.push_back(Bytes::from_static(b": \n\n"));
        }
        self.after = Some(page.next);
        Ok(())
    }
}

fn told(event: &Event) -> Bytes {
    let mut text = format!("id: {}\nevent: {}\ndata: ", event.sequence, event.event_type);
    // JSON has no line breaks, and an event can always be written as JSON.
    let _ = write!(text, "{}\n\n", serde_json::to_string(event).unwrap_or_default());
    text.into()
}
