//! Memory of a process, from `/proc/<pid>/status`.

use anyhow::Context;

/// Memory that a process has in use, in megabytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// All of it: the resident set.
    pub(crate) resident: f64,
    /// The part that is its own and no file's.
    pub(crate) anonymous: f64,
}

impl Memory {
    /// Of a process that runs.
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/status");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        Self::parse(&text).with_context(|| format!("{path} tells no memory"))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: f64 = line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes / 1024.0)
        };
        Some(Self { resident: value("VmRSS")?, anonymous: value("RssAnon")? })
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn reads_the_resident_set() {
        let text = "Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\nRssFile:\t 1024 kB\n";
        assert_eq!(Memory::parse(text), Some(Memory { resident: 2.0, anonymous: 1.0 }));
    }
}
