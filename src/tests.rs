//! A deployment whose key is lost or lies open.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use tenant_admin::Command;

use crate::deployment::{Deployment, Purpose};
use crate::settings::{Layers, Settings};
use crate::signing;

fn settings(folder: &std::path::Path) -> Settings {
    let empty = tempfile::NamedTempFile::new().unwrap();
    Layers::read(Some(empty.path()), Some(folder), []).unwrap().settings().unwrap()
}

#[tokio::test]
async fn a_key_that_is_lost_is_told_once_there_are_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let deployment = Deployment::open(&settings, Purpose::Serve).await.unwrap();
    assert_eq!(deployment.warning, None);
    let create = Command::CreateTenant {
        name: "acme".to_owned(),
        hosts: Vec::new(),
        settings: serde_json::Map::new(),
        with_token: false,
        days: None,
    };
    deployment.operator(&settings, settings.server.listen).run(create).await.unwrap();
    drop(deployment);

    std::fs::remove_file(settings.signing_key_file()).unwrap();
    let deployment = Deployment::open(&settings, Purpose::Serve).await.unwrap();
    let warning = deployment.warning.clone().unwrap();
    assert!(warning.contains("signing.key was missing although there are tenants"), "{warning}");
    drop(deployment);
    assert_eq!(Deployment::open(&settings, Purpose::Serve).await.unwrap().warning, None);
}

#[test]
fn a_key_that_others_can_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    signing::keys(&signing::source(&settings).unwrap()).unwrap();
    let file = settings.signing_key_file();
    assert_eq!(signing::exposed(&file), None);
    set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let sentence = signing::exposed(&file).unwrap();
    assert!(
        sentence.contains("(mode 644)") && sentence.ends_with(&format!("chmod 600 {}", file.display())),
        "{sentence}"
    );
}
