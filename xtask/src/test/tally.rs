//! Counts what test runners report: cargo's, and wasm-bindgen's, which speaks the same way.

/// How many tests passed and failed, and which failed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) failures: Vec<String>,
}

impl Tally {
    /// Reads the output of any number of test programs.
    pub(super) fn read(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines().map(str::trim) {
            if let Some(result) = line.strip_prefix("test result: ") {
                tally.passed += number_before(result, "passed");
                tally.failed += number_before(result, "failed");
            } else if let Some((name, verdict)) =
                line.strip_prefix("test ").and_then(|l| l.rsplit_once(" ... "))
            {
                tally.failures.extend(verdict.starts_with("FAIL").then(|| name.to_owned()));
            }
        }
        tally
    }

    /// Adds the counts of another program.
    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures.iter().cloned());
    }

    /// For the table; empty if there were no tests.
    pub(super) fn in_words(&self) -> String {
        match (self.passed, self.failed) {
            (0, 0) => String::new(),
            (passed, 0) => format!("{passed} passed"),
            (passed, failed) => format!("{passed} passed, {failed} failed"),
        }
    }
}

/// The number before `word` in a line such as `ok. 12 passed; 0 failed; 1 ignored`.
fn number_before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split([' ', ';', ',']).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_test_programs_are_summed() {
        let output = "\
test cue::tests::a ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test keys::b ... FAILED
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s";
        let tally = Tally::read(output);
        assert_eq!((tally.passed, tally.failed), (15, 1));
        assert_eq!(tally.failures, ["keys::b"]);
    }

    #[test]
    fn words_about_tests_are_not_results() {
        let tally = Tally::read("5 passed is what we hope for\ntest result pending");
        assert_eq!(tally, Tally::default());
    }
}
