//! Changing the settings of a store.

use serde_json::{Map, Value};
use tenancy::Administered;

use super::{Stores, kind, split};
use crate::store::pull;
use crate::{DeliveryError, Options, StoreRecord};

/// How often it is tried again, if others change the store at the same time.
const TRIES: u32 = 5;

impl Stores {
    /// Changes options and settings of a store by name, secrets among them; what is set to nothing is as usual again. The others
    /// stay. With a version only if it still has that. The store is tried at once.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`], [`DeliveryError::Changed`], or the database's.
    pub async fn set(
        &self,
        tenant: &Administered,
        name: &str,
        (wanted, if_version): (&Map<String, Value>, Option<i64>),
    ) -> Result<StoreRecord, DeliveryError> {
        for _ in 0..TRIES {
            let record = self.find(tenant, name).await?;
            if if_version.is_some_and(|version| version != record.version) {
                return Err(DeliveryError::Changed { name: name.to_owned() });
            }
            if self.try_set(&record, wanted).await? {
                return self.find(tenant, name).await;
            }
        }
        Err(DeliveryError::Conflict(format!("the store \"{name}\" is changed by others at the same time; try again")))
    }

    /// False if the store was changed meanwhile.
    async fn try_set(&self, record: &StoreRecord, wanted: &Map<String, Value>) -> Result<bool, DeliveryError> {
        let kind = kind(&record.kind)?;
        let mut settings = self.environment.settings_of(record)?;
        // It is issued, not set.
        let token = settings.shift_remove_entry(pull::DIGEST);
        let Value::Object(options) = serde_json::to_value(&record.options)? else { return Ok(false) };
        settings.extend(options);
        for (name, value) in wanted {
            match value {
                Value::Null => drop(settings.shift_remove(name)),
                value => drop(settings.insert(name.clone(), value.clone())),
            }
        }
        let options = Options::take(&mut settings, kind.name)?;
        (kind.check)(&settings).map_err(DeliveryError::Invalid)?;
        let mut secrets = split(kind, &mut settings);
        secrets.extend(token);
        let _sealing = self.sealing().read().await;
        let secrets = self.environment.vault.seal(record.id, &secrets)?;
        let assignments = "options = $3, settings = $4, secrets = $5, version = version + 1, due_ms = 0, attempts = 0, \
                           failing_since_ms = NULL, modified_ms = ";
        let assignments = format!("{assignments}{}", crate::table::now(self.environment.database.backend()));
        let values = [
            serde_json::to_string(&options)?.into(),
            serde_json::to_string(&settings)?.into(),
            secrets.into(),
            record.version.into(),
        ];
        self.change_if(record, (&assignments, "version = $6"), values).await
    }
}
