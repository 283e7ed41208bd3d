//! The way to the running server.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::{System, create};
use crate::control::{Connection, ControlError, SOCKET, Socket};
use crate::{Code, Command};

fn serve(system: &System) -> JoinHandle<()> {
    let socket = Socket::bind(system.folder.path()).unwrap();
    let operator = system.operator.clone();
    tokio::spawn(async move { socket.serve(operator).await })
}

async fn connect(system: &System) -> Connection {
    Connection::open(system.folder.path()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_command_does_the_same_through_the_socket() {
    let system = System::on_sqlite().await;
    serve(&system);
    let mut connection = connect(&system).await;
    let created = connection.run(&create("beta", true, None)).await.unwrap();
    assert_eq!(created["base_url"], "https://example.com:8443/t/beta/scim/v2");
    let direct = system.run(Command::ListTenants).await.unwrap();
    assert_eq!(connection.run(&Command::ListTenants).await.unwrap(), direct);
    let refused = connection.run(&create("beta", true, None)).await.unwrap_err();
    assert_eq!(refused, system.run(create("beta", true, None)).await.unwrap_err());
    assert_eq!(refused.code, Code::Conflict);
    // A refusal leaves the connection as it was.
    connection.run(&Command::ListTenants).await.unwrap();
}

#[tokio::test]
async fn only_the_owner_can_open_it() {
    let system = System::on_sqlite().await;
    let _socket = Socket::bind(system.folder.path()).unwrap();
    let mode = std::fs::metadata(system.folder.path().join(SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn where_no_server_runs_there_is_no_connection() {
    let system = System::on_sqlite().await;
    assert!(Connection::open(system.folder.path()).await.unwrap().is_none());
    // What a killed server leaves behind: the file without a listener.
    drop(std::os::unix::net::UnixListener::bind(system.folder.path().join(SOCKET)).unwrap());
    assert!(Connection::open(system.folder.path()).await.unwrap().is_none());
    serve(&system);
    connect(&system).await.run(&Command::ListTenants).await.unwrap();
}

#[tokio::test]
async fn the_file_vanishes_with_the_server() {
    let system = System::on_sqlite().await;
    let server = serve(&system);
    connect(&system).await.run(&Command::ListTenants).await.unwrap();
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    assert!(!system.folder.path().join(SOCKET).exists());
}

#[tokio::test]
async fn a_server_that_stops_is_told_from_an_answer() {
    let system = System::on_sqlite().await;
    let server = serve(&system);
    let mut connection = connect(&system).await;
    connection.run(&Command::ListTenants).await.unwrap();
    server.abort();
    let gone = connection.run(&Command::ListTenants).await.unwrap_err();
    assert_eq!(gone.code, Code::Unavailable);
}

#[tokio::test]
async fn many_ask_at_once() {
    let system = System::on_sqlite().await;
    serve(&system);
    let asking = (0..100).map(|number| {
        let folder = system.folder.path().to_owned();
        tokio::spawn(async move {
            let mut connection = Connection::open(&folder).await.unwrap().unwrap();
            connection.run(&create(&format!("t{number}"), true, None)).await.unwrap();
        })
    });
    for task in asking.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(system.tenants.list().len(), 101);
}

#[tokio::test]
async fn what_is_no_command_is_answered_with_the_reason() {
    let system = System::on_sqlite().await;
    serve(&system);
    let mut stream = BufReader::new(UnixStream::connect(system.folder.path().join(SOCKET)).await.unwrap());
    for (question, reason) in [
        ("nonsense".to_owned(), "the running server does not know this command: "),
        (json!({"version": 1, "command": {"do": "dance"}}).to_string(), "the running server does not know this "),
        (
            json!({"version": 2, "command": {"do": "list-tenants"}}).to_string(),
            "the running server is of another version",
        ),
    ] {
        stream.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_line(&mut reply).await.unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["failure"]["code"], "invalid");
        assert!(reply["failure"]["message"].as_str().unwrap().starts_with(reason), "{reply}");
    }
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_refused_with_the_way_out() {
    let refused = Socket::bind(Path::new(&format!("/{}", "x".repeat(120)))).unwrap_err();
    assert!(matches!(refused, ControlError::Path { .. }));
    assert!(refused.to_string().ends_with("set data_dir to a shorter one"), "{refused}");
}
