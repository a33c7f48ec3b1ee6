//! The names by which functions are listed: as they are written in Rust, without what differs from build
//! to build.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use walrus::Function;

/// A function's name, which wasm-bindgen has demangled, without the hashes of its crates: `core[27cd0353]` is
/// `core`. Several functions may share one; they stay together.
pub(crate) fn name(function: &Function) -> String {
    let mut parts = function.name.as_deref().unwrap_or_default().split('[');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, then)) if is_hash(hash) => name.push_str(then),
            _ => name.extend(["[", part]),
        }
    }
    name
}

/// The shortest that compilers write without leading zeros has a few digits; an array's length is decimal and
/// comes after its type.
fn is_hash(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What runs only when something broke, and must not have to be brought then.
const WHEN_BROKEN: [&str; 2] = ["serving", "cuelight_client::serving::serving"];

/// Whether a function is of the first half although a run may do without it: the allocator, which takes another
/// path each time, and what the bindings call by themselves.
fn is_always_first(name: &str) -> bool {
    WHEN_BROKEN.contains(&name) || name.contains("dlmalloc::") || name.starts_with("__")
}

/// The list: the names of the functions with these numbers, one a line, in order.
///
/// # Errors
/// A number is none, or none of a function.
pub(crate) fn of(names: &[&str], numbers: &str) -> Result<String> {
    let mut list: BTreeSet<&str> = names.iter().copied().filter(|name| is_always_first(name)).collect();
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
    fn a_name_is_the_same_wherever_its_crates_were_compiled() {
        let mut module = walrus::Module::default();
        let mut named = |name: &str| {
            let mut function = walrus::FunctionBuilder::new(&mut module.types, &[], &[]);
            function.name(name.into());
            let id = function.finish(Vec::new(), &mut module.funcs);
            super::name(module.funcs.get(id))
        };
        assert_eq!(
            named("<core[27cd0353e63fa9bc]::Option<[u8; 32]>>::map[2]"),
            "<core::Option<[u8; 32]>>::map[2]"
        );
        assert_eq!(named("__wbindgen_malloc"), "__wbindgen_malloc");
    }

    #[test]
    fn the_list_is_in_order_and_holds_each_name_once() {
        assert_eq!(of(&["b", "a", "", "a", "c"], "0 1 2 3").unwrap(), "a\nb\n");
    }

    #[test]
    fn the_allocator_is_listed_whatever_ran() {
        assert_eq!(
            of(&["a", "<dlmalloc::TreeChunk>::prev", "__wbindgen_malloc"], "").unwrap().lines().count(),
            2
        );
    }

    #[test]
    fn a_number_of_no_function_is_refused() {
        assert!(of(&["a"], "1").is_err() && of(&["a"], "x").is_err());
    }
}
