//! Cuts the browser module in two, so that a page downloads before the first frame only what runs before
//! it. Reads its arguments and hands over.
//!
//! The first half holds the functions of a list, the memory, and all data but what is put off; the rest
//! shares them. Where the first half needs a function of the rest, it has a small one in its place that brings
//! the rest if it is not there yet, and calls on through the table: nothing that runs can tell the difference
//! but by the time it takes. So the list is about speed, never about what works.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cut;
mod late_data;
mod names;
mod record;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
cuelight-halves cut MODULE LIST FIRST REST [DATA...]
                                               cut by the list; what these files hold comes with the rest
cuelight-halves record MODULE RECORDING NAMES  make a module that tells which functions run, and their names
cuelight-halves list NAMES RAN LIST            make the list, from the numbers of those that ran";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["cut", module, list, first, rest, put_off @ ..] => {
            let list: BTreeSet<String> = text(list)?.lines().map(str::to_owned).collect();
            let put_off = put_off.iter().map(|path| bytes(path)).collect::<Result<Vec<_>>>()?;
            let halves = cut::cut(&bytes(module)?, &list, &put_off)?;
            write(first, &halves.first)?;
            write(rest, &halves.rest)
        }
        ["record", module, recording, names] => {
            let recorder = record::record(&bytes(module)?)?;
            write(recording, &recorder.module)?;
            write(names, recorder.names.join("\n").as_bytes())
        }
        ["list", names, ran, list] => {
            let names = text(names)?;
            let names: Vec<&str> = names.lines().collect();
            write(list, names::of(&names, &text(ran)?)?.as_bytes())
        }
        _ => bail!("{USAGE}"),
    }
}

fn bytes(path: &str) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read {path}"))
}

fn text(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {path}"))
}

fn write(path: &str, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("could not write {path}"))
}
