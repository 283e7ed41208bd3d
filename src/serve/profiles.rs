//! The profiles that a server reads at its start.

use std::path::{Path, PathBuf};

use tenant_admin::{Code, Command, Failure, Operator, ProfileCommand};

/// Makes each `*.toml` of a folder a version of its profile, unless it was one before. A server does not start with a profile that
/// is wrong; one that does not fit a tenant is left out, and told: the others are not to wait for that.
pub(super) async fn import(folder: &Path, operator: &Operator) -> Result<Vec<String>, Failure> {
    let mut left_out = Vec::new();
    if folder.as_os_str().is_empty() {
        return Ok(left_out);
    }
    for file in files(folder)? {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&name, &error))?;
        profile::Profile::parse(&text, &name).map_err(|error| Failure::new(Code::Failed, error.to_string()))?;
        let import = ProfileCommand::Import { text, file: name.clone(), unless_known: true };
        match operator.run(Command::Profile(import)).await {
            Err(failure) if matches!(failure.code, Code::Invalid | Code::Conflict) => {
                tracing::error!(file = name, error = %failure, "a profile of the folder is left out");
                left_out.push(format!("{name} is left out: {failure}"));
            }
            imported => drop(imported?),
        }
    }
    Ok(left_out)
}

/// In the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&name, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files = paths.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(&name, &error))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{name} cannot be read: {error}; see the setting profiles.folder"))
}
