//! The administration API: programs that have a key, from the outside. Every answer is held against the OpenAPI document.

mod actor;
mod admin;
mod administrators;
mod authority;
mod breaker;
mod conversion;
mod document;
mod failures;
mod keys;
mod late;
mod limits;
mod named;
mod profiles;
mod protocol;
mod replicas;
mod rotation;
mod shape;
mod stores;
mod tenants;
mod unsettled;

use admin::Admin;
