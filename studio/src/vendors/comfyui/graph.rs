//! A prompt: the graph of nodes that a caller wants to run, read and checked as ComfyUI checks it,
//! with its types of errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::node::{Accepts, Class, Input};

/// How deep links may go.
const DEEPEST: usize = 200;

/// What is wrong with one input, in the form that goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    kind: &'static str,
    message: String,
    details: String,
    extra: Box<Value>,
}

impl Fault {
    fn of(kind: &'static str, message: impl Into<String>, details: impl Into<String>, extra: Value) -> Self {
        Self { kind, message: message.into(), details: details.into(), extra: Box::new(extra) }
    }

    /// Its JSON.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        json!({"type": self.kind, "message": self.message, "details": self.details, "extra_info": self.extra})
    }
}

/// A value of an input that is no link.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// A whole number.
    Int(i128),
    /// A number.
    Float(f64),
    /// Text, also a choice and a file's name.
    Text(String),
}

/// What an input of a checked node gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    /// The output of another node: its id and the slot.
    Link(String, usize),
    /// A value.
    Literal(Literal),
}

/// A checked node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Its class.
    pub class: &'static Class,
    /// What its inputs get; of these, the ones the class knows.
    pub inputs: BTreeMap<&'static str, Given>,
}

/// A checked prompt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Graph {
    /// The nodes that lead to a valid end, by id.
    pub nodes: BTreeMap<String, Node>,
    /// The valid ends.
    pub ends: Vec<String>,
    /// What is wrong with the other ends: empty, or the `node_errors` of the answer.
    pub node_errors: Map<String, Value>,
}

/// Why nothing of a prompt can run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The `error` of the answer.
    pub error: Fault,
    /// The `node_errors` of the answer.
    pub node_errors: Box<Map<String, Value>>,
}

impl Refusal {
    /// A refusal of the whole.
    #[must_use]
    pub(crate) fn whole(kind: &'static str, message: impl Into<String>, details: impl Into<String>) -> Self {
        Self { error: Fault::of(kind, message, details, json!({})), node_errors: Box::default() }
    }

    /// Its JSON.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        json!({"error": self.error.json(), "node_errors": self.node_errors})
    }
}

/// Reads a prompt; `is_uploaded` knows the pictures, and `targets` names the only ends that are
/// wanted, if not all are.
///
/// # Errors
/// When no end of the graph can run.
pub(crate) fn read(
    prompt: &Map<String, Value>,
    targets: Option<&[String]>,
    is_uploaded: &dyn Fn(&str) -> bool,
) -> Result<Graph, Refusal> {
    let mut classes = BTreeMap::new();
    for (id, node) in prompt {
        let at = format!("Node ID '#{id}'");
        let Some(name) = node.get("class_type") else {
            return Err(Refusal::whole("invalid_prompt", "A node has no class_type property.", at));
        };
        let class = name.as_str().and_then(Class::named).ok_or_else(|| {
            let name = name.as_str().unwrap_or_default();
            Refusal::whole("invalid_prompt", format!("The node {name} does not exist."), at)
        })?;
        classes.insert(id.as_str(), class);
    }
    let wanted = |id: &&str| targets.is_none_or(|targets| targets.iter().any(|target| target == id));
    let ends: Vec<&str> =
        classes.iter().filter(|(_, class)| class.is_output).map(|(id, _)| *id).filter(wanted).collect();
    if ends.is_empty() {
        return Err(Refusal::whole("prompt_no_outputs", "Prompt has no outputs", ""));
    }
    let mut check = Check { prompt, classes, is_uploaded, checked: BTreeMap::new(), path: Vec::new() };
    let (mut good, mut bad) = (Vec::new(), BTreeSet::new());
    for end in ends {
        match check.node(end) {
            Ok(true) => good.push(end.to_owned()),
            Ok(false) => {
                bad.insert(end.to_owned());
            }
            Err(broken) => {
                check.path.clear();
                check.blame(end, broken.fault("exception_during_validation"));
                bad.insert(end.to_owned());
            }
        }
    }
    check.finish(good, &bad)
}

/// A link to what is not there, or links in a circle: the check itself fails.
struct Broken(String);

impl Broken {
    fn fault(&self, kind: &'static str) -> Fault {
        Fault::of(
            kind,
            "Exception when validating node",
            self.0.clone(),
            json!({"exception_type": "KeyError"}),
        )
    }
}

/// What is known of one node.
#[derive(Default)]
struct Verdict {
    faults: Vec<Fault>,
    sound: bool,
    inputs: BTreeMap<&'static str, Given>,
}

struct Check<'a> {
    prompt: &'a Map<String, Value>,
    classes: BTreeMap<&'a str, &'static Class>,
    is_uploaded: &'a dyn Fn(&str) -> bool,
    checked: BTreeMap<String, Verdict>,
    /// The nodes above the one that is looked at.
    path: Vec<String>,
}

impl Check<'_> {
    fn blame(&mut self, id: &str, fault: Fault) {
        let verdict = self.checked.entry(id.to_owned()).or_default();
        verdict.sound = false;
        verdict.faults.push(fault);
    }

    /// Whether this node and all it depends on are valid.
    fn node(&mut self, id: &str) -> Result<bool, Broken> {
        if let Some(verdict) = self.checked.get(id) {
            return Ok(verdict.sound);
        }
        let class = *self.classes.get(id).ok_or_else(|| Broken(format!("'{id}'")))?;
        if self.path.len() > DEEPEST || self.path.iter().any(|above| above == id) {
            return Err(Broken("maximum recursion depth exceeded".into()));
        }
        self.path.push(id.to_owned());
        let none = Map::new();
        let given = self.prompt.get(id).and_then(|node| node.get("inputs")).and_then(Value::as_object);
        let given = given.unwrap_or(&none);
        let mut verdict = Verdict { sound: true, ..Verdict::default() };
        for input in class.inputs {
            let Some(value) = given.get(input.name) else {
                if input.required {
                    verdict.faults.push(Fault::of(
                        "required_input_missing",
                        "Required input is missing",
                        input.name,
                        json!({"input_name": input.name}),
                    ));
                }
                continue;
            };
            let read = match value {
                Value::Array(link) => self.link(input, link, &mut verdict.sound)?,
                value => literal(input, value, self.is_uploaded),
            };
            match read {
                Ok(given) => verdict.inputs.extend(given.map(|given| (input.name, given))),
                Err(fault) => verdict.faults.push(fault),
            }
        }
        verdict.sound &= verdict.faults.is_empty();
        let sound = verdict.sound;
        self.path.pop();
        self.checked.insert(id.to_owned(), verdict);
        Ok(sound)
    }

    fn link(
        &mut self,
        input: &Input,
        link: &[Value],
        sound: &mut bool,
    ) -> Result<Result<Option<Given>, Fault>, Broken> {
        let extra = || json!({"input_name": input.name, "received_value": link});
        let (Some(from), Some(slot), 2) = (link.first(), link.get(1).and_then(Value::as_u64), link.len())
        else {
            let message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
            return Ok(Err(Fault::of("bad_linked_input", message, input.name, extra())));
        };
        let from = from.as_str().map_or_else(|| from.to_string(), str::to_owned);
        let slot = usize::try_from(slot).unwrap_or(usize::MAX);
        let class = self.classes.get(from.as_str()).ok_or_else(|| Broken(format!("'{from}'")))?;
        let sent = class.outputs.get(slot).ok_or_else(|| Broken("tuple index out of range".into()))?;
        let wanted = input.accepts.type_name();
        if *sent != wanted {
            let details = format!("{}, received_type({sent}) mismatch input_type({wanted})", input.name);
            let extra = json!({"input_name": input.name, "received_type": sent, "linked_node": link});
            let message = "Return type mismatch between linked nodes";
            return Ok(Err(Fault::of("return_type_mismatch", message, details, extra)));
        }
        let depth = self.path.len();
        match self.node(&from) {
            // Its faults are listed under its own id.
            Ok(inner) => *sound &= inner,
            Err(broken) => {
                self.path.truncate(depth);
                return Ok(Err(broken.fault("exception_during_inner_validation")));
            }
        }
        Ok(Ok(Some(Given::Link(from, slot))))
    }

    fn finish(self, good: Vec<String>, bad: &BTreeSet<String>) -> Result<Graph, Refusal> {
        let mut node_errors = Map::new();
        for (id, verdict) in self.checked.iter().filter(|(_, verdict)| !verdict.faults.is_empty()) {
            let dependent: Vec<_> = bad.iter().filter(|end| self.leads(id, end)).collect();
            let faults: Vec<_> = verdict.faults.iter().map(Fault::json).collect();
            let class = self.classes.get(id.as_str()).map(|class| class.name);
            node_errors.insert(
                id.clone(),
                json!({"errors": faults, "dependent_outputs": dependent, "class_type": class}),
            );
        }
        if good.is_empty() {
            let told: Vec<_> = bad
                .iter()
                .filter_map(|end| self.checked.get(end))
                .flat_map(|verdict| &verdict.faults)
                .map(|fault| format!("{}: {}", fault.message, fault.details))
                .collect();
            let kind = "prompt_outputs_failed_validation";
            let error = Fault::of(kind, "Prompt outputs failed validation", told.join("\n"), json!({}));
            return Err(Refusal { error, node_errors: Box::new(node_errors) });
        }
        let nodes = self.checked.into_iter().filter(|(_, verdict)| verdict.sound);
        let nodes = nodes.filter_map(|(id, verdict)| {
            let class = *self.classes.get(id.as_str())?;
            Some((id, Node { class, inputs: verdict.inputs }))
        });
        Ok(Graph { nodes: nodes.collect(), ends: good, node_errors })
    }

    /// Whether what comes out of `from` gets to `end`.
    fn leads(&self, from: &str, end: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![end.to_owned()]);
        while let Some(id) = open.pop() {
            if id == from {
                return true;
            }
            let inputs = self.prompt.get(&id).and_then(|node| node.get("inputs")).and_then(Value::as_object);
            if seen.insert(id) {
                let links = inputs.into_iter().flat_map(Map::values).filter_map(|value| value.get(0));
                open.extend(links.map(|link| link.as_str().map_or_else(|| link.to_string(), str::to_owned)));
            }
        }
        false
    }
}

impl Accepts {
    fn type_name(self) -> &'static str {
        match self {
            Self::Link(name) => name,
            Self::Int(..) => "INT",
            Self::Float(..) => "FLOAT",
            Self::Text(_) => "STRING",
            Self::OneOf(_) | Self::Upload => "COMBO",
        }
    }
}

/// A value as Python's `int()`, `float()` and `str()` would take it.
fn literal(input: &Input, value: &Value, is_uploaded: &dyn Fn(&str) -> bool) -> Result<Option<Given>, Fault> {
    let name = input.name;
    let extra = || json!({"input_name": name, "received_value": value});
    let wrong_type = |to: &str| {
        let message = format!("Failed to convert an input value to a {to} value");
        Fault::of("invalid_input_type", message, format!("{name}, {value}"), extra())
    };
    let bound = |kind, beyond: &str, bound: String| {
        Fault::of(kind, format!("Value {value} {beyond} of {bound}"), name, extra())
    };
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let read = match input.accepts {
        // Not looked at before the node runs, which then fails.
        Accepts::Link(_) => return Ok(None),
        Accepts::Int(_, least, most, _) => {
            let number = whole(value).ok_or_else(|| wrong_type("INT"))?;
            if number < least {
                return Err(bound("value_smaller_than_min", "smaller than min", least.to_string()));
            }
            if number > most {
                return Err(bound("value_bigger_than_max", "bigger than max", most.to_string()));
            }
            Literal::Int(number)
        }
        Accepts::Float(_, least, most) => {
            let number = match value {
                Value::String(text) => text.trim().parse().ok(),
                Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
                value => value.as_f64(),
            };
            let number = number.ok_or_else(|| wrong_type("FLOAT"))?;
            if number < least {
                return Err(bound("value_smaller_than_min", "smaller than min", least.to_string()));
            }
            if number > most {
                return Err(bound("value_bigger_than_max", "bigger than max", most.to_string()));
            }
            Literal::Float(number)
        }
        Accepts::Text(_) => Literal::Text(text()),
        Accepts::OneOf(words) => {
            let word = value.as_str().filter(|word| words.contains(word)).ok_or_else(|| {
                // A long list is not told.
                let list = if words.len() > 20 {
                    format!("(list of length {})", words.len())
                } else {
                    format!("{words:?}")
                };
                let details = format!("{name}: '{}' not in {list}", text());
                Fault::of("value_not_in_list", "Value not in list", details, extra())
            })?;
            Literal::Text(word.to_owned())
        }
        Accepts::Upload => {
            let file = text();
            if !is_uploaded(&file) {
                let details = format!("{name} - Invalid image file: {file}");
                return Err(Fault::of(
                    "custom_validation_failed",
                    "Custom validation failed for node",
                    details,
                    extra(),
                ));
            }
            Literal::Text(file)
        }
    };
    Ok(Some(Given::Literal(read)))
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(yes) => Some(i128::from(*yes)),
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(|| {
            // Python cuts the fraction off.
            #[allow(clippy::cast_possible_truncation)]
            value.as_f64().filter(|number| number.abs() < 1e18).map(|number| number as i128)
        }),
    }
}

#[cfg(test)]
mod tests;
