//! First uses of tokens, and who waits for them.

use super::*;
use crate::actor::Actor;
use crate::{Mode, NewToken};

on_both! {
    // The attack: so many requests of one tenant wait for a first use that takes long that there is no place left there.
    async fn one_tenants_first_use_takes_no_place_of_another(system: System) {
        let mut unused = Vec::new();
        for name in ["acme", "beta"] {
            let waits = NewToken { mode: Mode::FirstUse, ..NewToken::of_days(1) };
            system.tenants.issue(name, &NewToken::of_days(1)).await.unwrap();
            let issued = system.tenants.issue(name, &waits).await.unwrap();
            unused.push((system.tenants.find(name).unwrap(), issued.record.id));
        }
        // Whoever changes something waits for this, so no first use comes to its end.
        let turn = system.tenants.inner.turn.lock().await;
        let mut first = Vec::new();
        for (tenant, id) in &unused {
            first.push(system.tenants.begin_first_use(tenant, *id, Actor::Client));
        }
        let mut places = Vec::new();
        while let Ok(place) = first[0].places.try_acquire() {
            places.push(place);
        }
        assert!(!places.is_empty());
        drop(first[1].places.try_acquire().expect("a place for who waits for another token"));
        drop((turn, places));
        for (tenant, id) in &unused {
            system.tenants.wait_for_first_use(tenant, *id).await;
        }
    }
}
