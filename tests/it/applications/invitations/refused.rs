//! What mail servers refuse, and at which stage: only what concerns the one who is invited is final.

use serde_json::json;

use super::{Inviting, Page, link_of, mails_to, workspace};
use crate::mail::{Post, Refusal, mailing};
use crate::support::{Database, until};

/// A tenant whose mail server refuses.
async fn refusing(database: Database, refusals: &[Refusal], sign_in: &str) -> Inviting {
    let (post, url) = Post::refusing(refusals).await;
    let system = mailing(database, &url.replace("smtp://", &format!("smtp://{sign_in}"))).await;
    Inviting { tenant: workspace(&system, &json!({})), system, post }
}

async fn problem(inviting: &Inviting, id: &str, code: &str) -> String {
    until("the refusal", async || {
        let shown = inviting.invitation(id);
        let is_known = shown["problem"].as_str().is_some_and(|problem| problem.contains(code));
        is_known.then(|| shown["mail"].as_str().expect("a text").to_owned())
    })
    .await
}

on_both! {
    /// One wrong setting of the mail server loses no mail, and tries are not used up by it.
    async fn k07_a_mail_server_that_takes_nothing_loses_no_invitation(database: Database) {
        for (stage, answer, code) in [
            ("220", "554 no mail today\r\n", "(554)"),
            ("AUTH", "535 5.7.8 who are you\r\n", "(535)"),
            ("MAIL", "550 5.1.8 not from there\r\n", "(550)"),
            ("MAIL", "550 no\r\n", "(550)"),
        ] {
            let inviting = refusing(database, &[(stage, answer, u32::MAX)], "ada:secret@").await;
            let id = inviting.provision("ada@acme.example").await;
            assert_eq!(problem(&inviting, &id, code).await, "waiting", "{stage} {answer}");
            inviting.post.mend();
            assert!(inviting.system.server().stop().await.success());
            inviting.system.server().change_rows("UPDATE invitations SET due_ms = 1 WHERE due_ms IS NOT NULL").await;
            inviting.system.server().start_again().await;
            Page::post(&inviting.link("ada@acme.example", 1).await).await.expect(200, "you are a member");
        }
    }

    /// Who has no such mailbox is not written to again; others are.
    async fn k07_an_address_that_nobody_has_is_given_up(database: Database) {
        let nobody = [("RCPT TO:<ada@", "550 5.1.1 nobody of ours\r\n", u32::MAX)];
        let inviting = refusing(database, &nobody, "").await;
        let (ada, _) = (inviting.provision("ada@acme.example").await, inviting.provision("bob@acme.example").await);
        assert_eq!(problem(&inviting, &ada, "(550)").await, "failed");
        inviting.link("bob@acme.example", 1).await;
    }

    /// A mail that is sent again is the same mail, so that a mailbox can know it, and says that a program wrote it.
    async fn k07_a_mail_that_is_sent_again_is_the_same(database: Database) {
        let inviting = refusing(database, &[(".", "451 later\r\n", 1)], "").await;
        let id = inviting.provision("ada@acme.example").await;
        assert_eq!(problem(&inviting, &id, "(451)").await, "waiting");
        inviting.system.server().change_rows("UPDATE invitations SET due_ms = 1 WHERE due_ms IS NOT NULL").await;
        inviting.mail("ada@acme.example", 2).await;
        let mails = mails_to(&inviting.post, "ada@acme.example");
        let number = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID: ")).expect("one").to_owned();
        assert_eq!(number(&mails[0]), number(&mails[1]));
        assert!(number(&mails[0]).ends_with("@example.com>"), "{}", mails[0]);
        assert!(mails[0].contains("Auto-Submitted: auto-generated"), "{}", mails[0]);
        Page::post(&link_of(&mails[0])).await.expect(200, "you are a member");
    }
}
