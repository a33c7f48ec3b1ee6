//! The query of a placeholder: a picture of ours in five parsed words, or a refusal; nothing that
//! a stranger wrote is in either.

use cuelight_core::catalog;
use cuelight_core::cue::Cue;
use cuelight_core::placeholder::{look_from_query, path, svg};
use roxmltree::{Document, ParsingOptions};
use url::form_urlencoded;

/// The longest picture, in bytes.
const MOST_BYTES: usize = 4_096;
/// What may load, run or lead away.
const ACTIVE: [&str; 8] = ["script", "foreignObject", "image", "use", "a", "animate", "set", "iframe"];

/// See the module.
pub fn run(data: &[u8]) {
    let pairs: Vec<_> = form_urlencoded::parse(data).collect();
    let look = match look_from_query(pairs.iter().map(|(name, value)| (name, value))) {
        Ok(look) => look,
        Err(errors) => {
            assert!(!errors.is_empty());
            let ours = ["/", "/body", "/primary", "/secondary", "/accent", "/backdrop", "/character"];
            for error in errors {
                assert!(ours.contains(&&*error.pointer), "a stranger's word in {error:?}");
                let foreign = |(_, value): &(_, std::borrow::Cow<'_, str>)| {
                    value.contains(['<', '&', '"']) && error.detail.contains(&**value)
                };
                assert!(error.detail.len() < 500 && !pairs.iter().any(foreign), "{error:?}");
            }
            return;
        }
    };
    // Which state is drawn is a choice too; every one of them would be slow.
    let states = &catalog::built_in().states;
    let state = &states[data.len() % states.len()].id;
    let picture = svg(state, &look).expect("a state of the catalogue has a picture");
    assert!(picture.len() <= MOST_BYTES);
    let document = Document::parse_with_options(&picture, ParsingOptions::default()).expect("well-formed");
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(!ACTIVE.contains(&node.tag_name().name()), "{picture}");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "href" && name != "style", "{picture}");
            assert!(!value.contains(':'), "{name} leads away: {picture}");
        }
    }
    let (_, query) = path(&look, &Cue::state(state.as_str()))
        .split_once('?')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let again = look_from_query(form_urlencoded::parse(query.as_bytes()));
    assert_eq!(again, Ok(look), "a picture's own address leads to another one");
}
