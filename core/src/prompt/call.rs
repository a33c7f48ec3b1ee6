//! The picture of two people who call each other: side by side, each facing the camera, so that both can be
//! made to speak. What is known of either side is in it; a side of which nothing is known is anybody.

use super::slot::slot;
use crate::operation::fields::Fields;

/// Longest name of a side, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest description or setting of a side, in characters.
pub const MAX_CONTEXT_CHARS: usize = 160;

/// What is known of one side of a call. All of it may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// What the person is called.
    pub name: String,
    /// Who it is, or what the call is about on this side.
    pub context: String,
    /// Where the person sits.
    pub setting: String,
}

/// What is known of both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// Who is on the left: the caller.
    pub left: Side,
    /// Who is on the right.
    pub right: Side,
}

/// Reads the members `left` and `right`.
pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Call {
    Call { left: side(fields, "left"), right: side(fields, "right") }
}

fn side(fields: &mut Fields<'_, '_>, name: &str) -> Side {
    let Some(value) = fields.take(name) else { return Side::default() };
    let mut own = fields.child(name, value);
    let mut text = |name, most| own.text(name, 0, most).unwrap_or_default();
    let side = Side {
        name: text("name", MAX_NAME_CHARS),
        context: text("context", MAX_CONTEXT_CHARS),
        setting: text("setting", MAX_CONTEXT_CHARS),
    };
    own.refuse_the_rest();
    side
}

/// What such pictures are better without.
pub const AVOID: &str = "blurry, low quality, distorted, text, watermark, more than two people";

/// The prompt, with whatever the caller adds.
#[must_use]
pub fn picture(call: &Call, extra: &str) -> String {
    let mut text = format!(
        "Split-screen video call scene, divided vertically down the middle. Left side: {}. Right side: {}. \
         Both face the camera, heads and shoulders in frame, mouths visible, as on a video call. Modern, \
         clean and well lit, with a thin divider in the centre.",
        person(&call.left),
        person(&call.right),
    );
    if !extra.is_empty() {
        text.extend([" ", extra]);
    }
    text
}

fn person(side: &Side) -> String {
    let [name, context] = [slot(&side.name, MAX_NAME_CHARS), slot(&side.context, MAX_CONTEXT_CHARS)];
    let who = match (name.is_empty(), context.is_empty()) {
        (true, true) => "a person".to_owned(),
        (false, true) => format!("a person called {name}"),
        (true, false) => format!("a person, {context}"),
        (false, false) => format!("a person called {name}, {context}"),
    };
    let setting = slot(&side.setting, MAX_CONTEXT_CHARS);
    let setting = if setting.is_empty() { "a professional setting" } else { &setting };
    format!("{who}, on a video call in {setting}")
}
