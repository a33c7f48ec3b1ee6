//! The operators' page lists every setting as the edge reads it, and every secret.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::settings::reference::{Default, SETTINGS, Setting, Values};
use cuelight_core::settings::{secrets, variables};

const PAGE: &str = include_str!("../../docs/operations.md");

fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

fn row(setting: &Setting) -> String {
    let values = match setting.values {
        Values::Words(words) => words.to_owned(),
        Values::Whole(min, max) => format!("{} to {}", number(min), number(max)),
    };
    let default = match setting.default {
        Default::Required => "required".to_owned(),
        Default::Words(words) => words.to_owned(),
        Default::Whole(whole) => number(whole),
        Default::ByPlan(plans) => plans.map(number).join(" / "),
    };
    format!("| `{}` | {values} | {default} | {} |", setting.path, setting.meaning)
}

/// The rows of the table under a heading.
fn table(heading: &str) -> Vec<&'static str> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    section.lines().filter(|line| line.starts_with("| `")).collect()
}

#[test]
fn the_operators_page_has_every_setting_with_its_values_and_default() {
    let rows: Vec<String> = SETTINGS.iter().map(row).collect();
    assert_eq!(table("Settings"), rows, "put this into docs/operations.md:\n{}", rows.join("\n"));
}

#[test]
fn every_variable_is_a_setting_and_every_secret_is_on_the_page() {
    for name in variables() {
        let general = if name.ends_with("_URL") { "{PROVIDER}_URL" } else { name.as_str() };
        assert!(SETTINGS.iter().any(|setting| setting.path.split('.').next() == Some(general)), "{name}");
    }
    let rows = table("Secrets").join("\n");
    for name in secrets() {
        assert!(rows.contains(&format!("`{name}`")), "{name} is not among the secrets of docs/operations.md");
    }
}
