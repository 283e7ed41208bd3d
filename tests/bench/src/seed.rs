//! Fills a directory through the API, as a client would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::load::Connection;
use crate::people::Person;
use crate::report::progress;
use crate::requests::{Directory, Kind, SEEDED, write_member};
use crate::target::Target;

/// Connections that fill it.
const CLIENTS: usize = 16;
/// Members that one PATCH adds.
const CHUNK: usize = 1_000;
/// How often progress is told.
const PAUSE: Duration = Duration::from_secs(5);

/// What an answer tells of a resource.
#[derive(Deserialize)]
struct Resource {
    id: String,
}

/// Creates so many people.
pub(crate) fn people(target: &Target, tag: &'static str, count: u64) -> anyhow::Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let next = Arc::new(AtomicU64::new(0));
    let ids = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for client in 0..CLIENTS {
            tasks.spawn(create_people(target.clone(), tag, (Arc::clone(&next), count), client == 0));
        }
        let mut ids = vec![String::new(); usize::try_from(count)?];
        while let Some(created) = tasks.join_next().await {
            for (number, id) in created?? {
                if let Some(place) = usize::try_from(number).ok().and_then(|number| ids.get_mut(number)) {
                    *place = id;
                }
            }
        }
        anyhow::Ok(ids)
    })?;
    Ok(ids)
}

/// Creates a directory of so many people.
pub(crate) fn directory(target: Target, count: u64) -> anyhow::Result<Directory> {
    let ids = people(&target, SEEDED, count)?;
    Ok(Directory { target, ids: ids.into() })
}

/// Changes each of the first so many people once.
pub(crate) fn change(directory: &Directory, count: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(directory.target.address).await?;
        for number in 0..count {
            let mut request = Vec::new();
            directory.write(&mut request, Kind::Patch, number, number);
            let answer = connection.exchange(&request).await?;
            anyhow::ensure!(answer.status == 200, "a change answered {}: {}", answer.status, answer.text());
        }
        Ok(())
    })
}

async fn create_people(
    target: Target,
    tag: &'static str,
    (next, count): (Arc<AtomicU64>, u64),
    tells: bool,
) -> anyhow::Result<Vec<(u64, String)>> {
    let mut connection = Connection::open(target.address).await?;
    let (mut request, mut body, mut created) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = Instant::now();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(created);
        }
        if tells && told.elapsed() > PAUSE {
            told = Instant::now();
            progress(format_args!("  {number} of {count} users"));
        }
        body.clear();
        Person { tag, number }.write(&mut body);
        request.clear();
        target.send(&mut request, "POST", format_args!("/Users"), &body);
        created.push((number, create(&mut connection, &request).await?));
    }
}

/// Sends what creates a resource, and gives its id.
async fn create(connection: &mut Connection, request: &[u8]) -> anyhow::Result<String> {
    let answer = connection.exchange(request).await?;
    if answer.status != 201 {
        bail!("creating a resource answered {}: {}", answer.status, answer.text());
    }
    let resource: Resource = serde_json::from_slice(answer.body).context("a resource without id")?;
    Ok(resource.id)
}

/// Creates a group with these members and gives its id.
pub(crate) fn group(target: &Target, name: &str, members: &[String]) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(target.address).await?;
        let (mut request, mut body) = (Vec::new(), Vec::new());
        let group = format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{name}"}}"#);
        target.send(&mut request, "POST", format_args!("/Groups"), group.as_bytes());
        let id = create(&mut connection, &request).await?;
        for chunk in members.chunks(CHUNK) {
            request.clear();
            body.clear();
            write_member(&mut body, "Add", chunk);
            target.send(&mut request, "PATCH", format_args!("/Groups/{id}"), &body);
            let answer = connection.exchange(&request).await?;
            anyhow::ensure!(answer.status < 300, "adding members answered {}: {}", answer.status, answer.text());
        }
        Ok(id)
    })
}
