//! The control plane: what an operator can ask of a deployment, and the way a command reaches the server that runs.
//!
//! It promises that a command does the same whether a running server executes it or the command's own process, and that
//! its effect is complete when its answer is there. Commands and answers are JSON ([`Command`], [`Answer`]), so that the
//! command line, the control socket, the API and scripts see one form. Who may open the socket in the data folder may ask for
//! everything; over the network ([`api`]) only who has an API key may ask, for what its role and tenant allow.

pub mod api;
mod api_key_command;
mod breaker_command;
mod command;
pub mod control;
mod conversion_command;
mod failure;
mod invitation_command;
mod oauth_command;
mod operator;
mod origin;
mod profile_command;
mod store_command;
mod view;

pub use api_key_command::ApiKeyCommand;
pub use breaker_command::BreakerCommand;
pub use command::{Command, IssueToken, Kind, ListFailures};
pub use conversion_command::ConversionCommand;
pub use failure::{Code, Failure};
pub use invitation_command::InvitationCommand;
pub use oauth_command::{CreateOauthClient, FederatedWith, OauthCommand};
pub use operator::{MailObstacle, Operator, TokenDays};
pub use origin::Origin;
pub use profile_command::{ProfileChange, ProfileCommand};
pub use store_command::StoreCommand;

/// What a command answers: a JSON object.
pub type Answer = serde_json::Value;

#[cfg(test)]
mod tests;
