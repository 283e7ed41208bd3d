//! Whether Redis throws away what it was told when it runs out of memory.
//!
//! With `noeviction` it refuses then, which is noticed, and each replica goes by its share. With any other policy it forgets
//! the bucket of some tenant, which is noticed by nobody: that tenant has its burst once more.

/// What Redis says of itself (`INFO memory`), as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Eviction {
    policy: String,
    /// In bytes; 0 for no limit.
    most: u64,
}

impl Eviction {
    /// Reads an answer; nothing if it does not tell.
    pub(super) fn parse(info: &str) -> Option<Self> {
        let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
        Some(Self { policy: value("maxmemory_policy")?.to_owned(), most: value("maxmemory")?.parse().ok()? })
    }

    /// The policy, if Redis may forget what it was told.
    pub(super) fn forgets(&self) -> Option<&str> {
        (self.most > 0 && self.policy != "noeviction").then_some(self.policy.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Eviction;

    fn forgets(info: &str) -> Option<String> {
        Eviction::parse(info).and_then(|eviction| eviction.forgets().map(str::to_owned))
    }

    #[test]
    fn only_a_full_redis_that_evicts_forgets() {
        let info = |most: u64, policy: &str| {
            format!(
                "# Memory\r\nused_memory:1\r\nmaxmemory:{most}\r\nmaxmemory_human:1B\r\nmaxmemory_policy:{policy}\r\n"
            )
        };
        for policy in ["allkeys-lru", "volatile-lru", "volatile-ttl"] {
            assert_eq!(forgets(&info(100, policy)).as_deref(), Some(policy));
            assert_eq!(forgets(&info(0, policy)), None, "there is no limit");
        }
        assert_eq!(forgets(&info(100, "noeviction")), None);
    }

    #[test]
    fn what_does_not_tell_says_nothing() {
        for info in ["", "maxmemory:1", "maxmemory_policy:allkeys-lru", "maxmemory:x\r\nmaxmemory_policy:allkeys-lru"] {
            assert_eq!(forgets(info), None, "{info}");
        }
    }
}
