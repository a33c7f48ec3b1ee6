//! How much processor time the runtime has used, as Linux counts it. Elsewhere: none.

use std::fs;
use std::time::Duration;

use crate::process;

/// What `/proc` counts in: a hundredth of a second, on every Linux (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Processor time of every workerd that this command started, so far.
pub(super) fn used_by_workerd() -> Duration {
    let ticks: u64 = process::descendants()
        .into_iter()
        .filter_map(|id| ticks_of_workerd(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?))
        .sum();
    TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// User and system time in a line of `/proc/*/stat`, whose 14th and 15th fields they are; none for
/// another program.
fn ticks_of_workerd(stat: &str) -> Option<u64> {
    let (before, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    before.ends_with("(workerd").then_some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_workerd_are_added_and_those_of_others_left_out() {
        let line = |name| format!("812 ({name}) S 77 812 812 0 -1 4194304 500 0 3 0 120 30 0 0 20 0 9 0 1 2");
        assert_eq!(ticks_of_workerd(&line("workerd")), Some(150));
        assert_eq!(ticks_of_workerd(&line("node")), None);
    }
}
