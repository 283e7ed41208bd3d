//! Beginning, pausing and breaking off a conversion.

use super::name::UserNames;
use super::survey::ConversionPlan;
use super::table::{self, Conversion, ConversionState};
use crate::{Directories, DirectoryError};
use tenancy::Administered;

/// Why nothing was done about a conversion.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConversionRefused {
    /// Some users cannot get their new names.
    #[error("{} users cannot get their new names; look at them with --dry-run, or begin with --skip-conflicts", .0.conflicts)]
    Conflicts(ConversionPlan),
    /// One is open already.
    #[error("a conversion of this tenant is under way already; see: tenantry user conversion status TENANT")]
    Open,
    /// There is none that this could be done to.
    #[error("the tenant has no conversion that is {0}; see: tenantry user conversion status TENANT")]
    None(&'static str),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Directories {
    /// Begins to call every user of a tenant so, in small steps, by whichever server runs. `skip_conflicts`: also if some users
    /// cannot get their names; these keep what they have.
    ///
    /// # Errors
    /// [`ConversionRefused`]; then nothing was begun.
    pub async fn begin_conversion(
        &self,
        tenant: &Administered,
        to: UserNames,
        skip_conflicts: bool,
    ) -> Result<ConversionPlan, ConversionRefused> {
        let plan = self.administered(tenant).plan_conversion(to).await?;
        if plan.conflicts > 0 && !skip_conflicts {
            return Err(ConversionRefused::Conflicts(plan));
        }
        let begun = table::begin(self.database(), tenant.tenant().id().as_i64(), to, plan.total).await;
        if begun.map_err(DirectoryError::from)? { Ok(plan) } else { Err(ConversionRefused::Open) }
    }

    /// How far the last conversion of a tenant is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn conversion(&self, tenant: &Administered) -> Result<Option<Conversion>, DirectoryError> {
        Ok(table::find(self.database(), tenant.tenant().id().as_i64()).await?)
    }

    /// Lets it rest: a few users more may be converted until this is known.
    ///
    /// # Errors
    /// [`ConversionRefused`]
    pub async fn pause_conversion(&self, tenant: &Administered) -> Result<(), ConversionRefused> {
        self.turn(tenant, &[ConversionState::Running], ConversionState::Paused, "running").await
    }

    /// Goes on where it was.
    ///
    /// # Errors
    /// [`ConversionRefused`]
    pub async fn resume_conversion(&self, tenant: &Administered) -> Result<(), ConversionRefused> {
        self.turn(tenant, &[ConversionState::Paused], ConversionState::Running, "paused").await
    }

    /// Breaks it off. What was converted stays.
    ///
    /// # Errors
    /// [`ConversionRefused`]
    pub async fn cancel_conversion(&self, tenant: &Administered) -> Result<(), ConversionRefused> {
        let open = [ConversionState::Running, ConversionState::Paused];
        self.turn(tenant, &open, ConversionState::Cancelled, "running or paused").await
    }

    async fn turn(
        &self,
        tenant: &Administered,
        from: &[ConversionState],
        to: ConversionState,
        which: &'static str,
    ) -> Result<(), ConversionRefused> {
        let turned = table::turn(self.database(), tenant.tenant().id().as_i64(), from, to).await;
        if turned.map_err(DirectoryError::from)? { Ok(()) } else { Err(ConversionRefused::None(which)) }
    }
}
