//! Receivers that ask for security event tokens: where they begin, and where they go on.

use secrecy::SecretString;
use serde_json::json;

use super::on_both;
use super::support::{System, object};
use crate::{Beginning, DeliveryError, NewStore, Part, Poll, Polled, Reader, Start, State};

impl System {
    pub(super) async fn add_stream(&self, start: Start, more: serde_json::Value) -> SecretString {
        let mut settings =
            object(json!({ "issuer": "https://scim.example/t/acme", "audience": "https://receiver.example" }));
        settings.extend(object(more));
        let new = NewStore { name: "stream".to_owned(), kind: "set_poll".to_owned(), settings, start };
        self.stores.add(&self.tenant, new).await.unwrap();
        self.stores.issue_token(&self.tenant, "stream").await.unwrap()
    }

    pub(super) async fn reader(&self, token: &SecretString) -> Reader {
        self.stores.reader(token).await.unwrap().unwrap()
    }

    async fn replay_from(&self, sequence: i64) -> Option<(i64, i64)> {
        let part = Part { from: Beginning::Sequence(sequence), to: None };
        self.stores.replay(&self.tenant, "stream", part).await.unwrap().events
    }

    pub(super) async fn poll(&self, reader: &Reader, poll: Poll) -> Result<Polled, DeliveryError> {
        self.stores.poll(reader, &Poll { most: 10, is_immediate: true, ..poll }).await
    }
}

on_both! {
    async fn a_stream_begins_with_what_comes_unless_the_log_is_wanted(system: System) {
        system.users(3).await;
        let token = system.add_stream(Start::Snapshot, json!({})).await;
        let reader = system.reader(&token).await;
        assert!(system.poll(&reader, Poll::default()).await.unwrap().sets.is_empty());
        system.user("zoe").await;
        assert_eq!(system.poll(&reader, Poll::default()).await.unwrap().sets.len(), 1);
        system.stores.delete(&system.tenant, "stream").await.unwrap();
        let token = system.add_stream(Start::First, json!({})).await;
        let reader = system.reader(&token).await;
        assert_eq!(system.poll(&reader, Poll::default()).await.unwrap().sets.len(), 4);
    }

    /// What is gone from the log is gone; with what is there its receiver goes on when its operator says so.
    async fn a_stream_whose_next_event_is_gone_goes_on_where_the_log_begins(system: System) {
        let token = system.add_stream(Start::First, json!({})).await;
        system.users(4).await;
        assert_eq!(system.replay_from(2).await, None, "nothing is passed over that is there");
        system.stores.prune(system.tenant.tenant(), i64::MAX).await.unwrap();
        let reader = system.reader(&token).await;
        let refused = system.poll(&reader, Poll::default()).await;
        assert!(matches!(refused, Err(DeliveryError::Pruned { oldest: 4 })), "{refused:?}");
        assert_eq!(system.replay_from(5).await, None);
        assert_eq!(system.replay_from(4).await, Some((4, 4)));
        let reader = system.reader(&token).await;
        assert_eq!(system.poll(&reader, Poll::default()).await.unwrap().sets.len(), 1);
    }

    /// A question that was asked before moves nothing.
    async fn a_question_that_waited_undoes_no_replay_and_no_pause(system: System) {
        let token = system.add_stream(Start::First, json!({ "types": ["user.*"] })).await;
        system.user("ada").await;
        let reader = system.reader(&token).await;
        let accepted: Vec<String> = system.poll(&reader, Poll::default()).await.unwrap().sets.keys().cloned().collect();
        system.poll(&reader, Poll { accepted, ..Poll::default() }).await.unwrap();
        let waited = system.reader(&token).await;
        assert_eq!(waited.store().position, 1);
        // Nothing of this is for the stream: it is passed over.
        system.group("team", &[]).await;
        assert_eq!(system.replay_from(1).await, Some((1, 1)));
        assert!(system.poll(&waited, Poll::default()).await.unwrap().sets.is_empty());
        assert_eq!(system.record("stream").await.position, 0);
        let waited = system.reader(&token).await;
        let ids: Vec<String> = system.poll(&waited, Poll::default()).await.unwrap().sets.keys().cloned().collect();
        assert_eq!(ids.len(), 1);
        system.stores.pause(&system.tenant, "stream").await.unwrap();
        let refused = vec![(ids[0].clone(), "invalid_key".to_owned())];
        system.poll(&waited, Poll { refused, ..Poll::default() }).await.unwrap();
        let record = system.record("stream").await;
        assert_eq!((record.state, record.dead_letters), (State::Paused, 1));
    }
}
