//! The limits of network addresses.

use serde_json::{Map, Value, json};

use super::{System, on_both};
use crate::{Code, Command};

fn change(limits: Value) -> Command {
    let Value::Object(limits) = limits else { panic!("an object") };
    Command::ChangeLimits { limits }
}

fn all(values: [u32; 4]) -> Value {
    let names = ["address_requests_per_second", "address_requests_burst", "address_per_second", "address_burst"];
    Value::Object(
        names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value.into())).collect::<Map<_, _>>(),
    )
}

on_both! {
    async fn limits_are_shown_with_what_the_settings_have_and_what_was_set(system: System) {
        let settings = all([10; 4]);
        let shown = system.run(Command::ShowLimits).await.unwrap();
        assert_eq!(shown, json!({ "limits": settings, "settings": settings, "set": [] }));
        let changed = system.run(change(json!({ "address_burst": 7, "address_requests_per_second": 0 }))).await.unwrap();
        let set = ["address_requests_per_second", "address_burst"];
        assert_eq!(changed, json!({ "limits": all([0, 10, 10, 7]), "settings": settings, "set": set }));
        assert_eq!(system.run(Command::ShowLimits).await.unwrap(), changed);
        let back = system.run(change(json!({ "address_burst": null, "address_requests_per_second": null }))).await.unwrap();
        assert_eq!(back, shown);
    }

    async fn a_wrong_limit_is_refused_by_name(system: System) {
        let refused = system.run(change(json!({ "address_burst": 0 }))).await.unwrap_err();
        let sentence = "limit address_burst is a whole number from 1 to 1000000000, not 0";
        assert_eq!((refused.code, refused.message.as_str()), (Code::Invalid, sentence));
    }
}
