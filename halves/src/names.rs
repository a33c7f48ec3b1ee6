//! The names by which functions are listed: as they are written in Rust, without what differs from build
//! to build.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use walrus::Function;

/// A function's name without hashes. Several functions may share one; they stay together.
pub(crate) fn name(function: &Function) -> String {
    let mangled = function.name.as_deref().unwrap_or_default();
    format!("{:#}", rustc_demangle::demangle(mangled))
}

/// What runs only when something broke, and must not have to be brought then.
const ALWAYS: [&str; 2] = ["serving", "cuelight_client::serving::serving"];

/// The list: the names of the functions with these numbers, one a line, in order.
///
/// # Errors
/// A number is none, or none of a function.
pub(crate) fn of(names: &[&str], numbers: &str) -> Result<String> {
    let mut list: BTreeSet<&str> = ALWAYS.into_iter().filter(|name| names.contains(name)).collect();
    for number in numbers.split_whitespace() {
        let number: usize = number.parse().with_context(|| format!("{number} is no number"))?;
        let name = names.get(number).with_context(|| format!("there is no function {number}"))?;
        if !name.is_empty() {
            list.insert(*name);
        }
    }
    Ok(list.into_iter().flat_map(|name| [name, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_holds_each_name_once() {
        assert_eq!(of(&["b", "a", "", "a", "c"], "0 1 2 3").unwrap(), "a\nb\n");
    }

    #[test]
    fn a_number_of_no_function_is_refused() {
        assert!(of(&["a"], "1").is_err() && of(&["a"], "x").is_err());
    }
}
