//! ComfyUI's workflows as templates: a graph in the server's API format, in which a text that is nothing but
//! a name in double braces is replaced by that value. Values are put in as values, never as text, so no
//! prompt can change a graph.

use std::collections::{BTreeMap, BTreeSet};

use cuelight_core::order::{Lora, Order};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::material::invalid;
use crate::{Account, ProviderError};

/// The templates that are shipped, by the name that the catalogue gives as the model's id at the vendor.
const SHIPPED: [(&str, &str); 4] = [
    ("smoke", include_str!("../../templates/smoke.json")),
    ("text_to_video", include_str!("../../templates/text_to_video.json")),
    ("image_to_video", include_str!("../../templates/image_to_video.json")),
    ("npc_response", include_str!("../../templates/npc_response.json")),
];
/// Most frames of a clip: a minute of 30 a second.
const MAX_FRAMES: u64 = 1_800;
/// How the files of adaptations are called at the server.
const WEIGHTS: &str = ".safetensors";

/// A workflow with names where an order's values go.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Template {
    /// Values of what an order leaves open, and the names of the server's model files. An account's option
    /// of the same name stands before them.
    #[serde(default)]
    defaults: Map<String, Value>,
    /// Which numbers of frames the model takes: a multiple of `step`, and `plus`.
    frames: Frames,
    /// The outputs that adaptations are put behind: the model's and the text encoder's. Without it the
    /// workflow takes none.
    #[serde(default)]
    loras: Option<Anchors>,
    /// The nodes that are left out when a value is not there, with all links to them.
    #[serde(default)]
    optional: BTreeMap<String, Vec<String>>,
    /// The nodes by their ids.
    graph: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Frames {
    step: u64,
    plus: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Anchors {
    model: (String, u64),
    clip: (String, u64),
}

#[derive(Debug, Clone, Deserialize)]
struct Node {
    class_type: String,
    inputs: Map<String, Value>,
}

impl Template {
    /// The template of this name: an account's own, in its option `template_NAME`, before a shipped one.
    pub(crate) fn named(name: &str, account: &Account) -> Result<Self, ProviderError> {
        let own = account.options.get(&format!("template_{name}")).map(String::as_str);
        let shipped = || SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        let text = own
            .or_else(shipped)
            .ok_or_else(|| ProviderError::Fatal("the catalogue names a workflow that is not there".into()))?;
        let template: Self = serde_json::from_str(text)
            .map_err(|_| ProviderError::Fatal("the workflow's template cannot be read".into()))?;
        if template.frames.step == 0 {
            return Err(ProviderError::Fatal("the workflow's template steps by no frames".into()));
        }
        Ok(template)
    }

    /// The workflow for this order. `image` is the server's name of its picture.
    pub(crate) fn filled(
        mut self,
        order: &Order,
        image: Option<&str>,
        account: &Account,
    ) -> Result<Value, ProviderError> {
        let values = self.values(order, image, account)?;
        self.leave_out(&values);
        self.load(&order.loras)?;
        let mut workflow = Map::new();
        for (id, node) in self.graph {
            let mut inputs = Map::new();
            for (name, value) in node.inputs {
                let value = match slot(&value) {
                    None => value,
                    Some("image") if !values.contains_key("image") => {
                        return Err(invalid("image", "the workflow starts with a picture"));
                    }
                    Some(slot) => values.get(slot).cloned().ok_or_else(|| {
                        ProviderError::Fatal("the workflow's template names a value that nobody has".into())
                    })?,
                };
                inputs.insert(name, value);
            }
            workflow.insert(id, json!({"class_type": node.class_type, "inputs": inputs}));
        }
        Ok(workflow.into())
    }

    /// Our name of the field that stands in this input of this node.
    pub(crate) fn field(&self, node: &str, input: &str) -> Option<&'static str> {
        if node.starts_with(LORA_NODE) {
            return Some("loras");
        }
        match slot(self.graph.get(node)?.inputs.get(input)?)? {
            "prompt" => Some("prompt"),
            "negative_prompt" => Some("negative_prompt"),
            "image" => Some("image"),
            "width" | "height" => Some("size"),
            "frames" => Some("duration_ms"),
            "fps" => Some("fps"),
            "steps" => Some("steps"),
            "guidance" => Some("guidance"),
            "strength" => Some("strength"),
            "seed" => Some("seed"),
            _ => None,
        }
    }

    /// All values by their names: the order's, then the account's, then the template's own.
    fn values(
        &self,
        order: &Order,
        image: Option<&str>,
        account: &Account,
    ) -> Result<Map<String, Value>, ProviderError> {
        let mut values = self.defaults.clone();
        for (name, value) in &mut values {
            // Names of files only: no option of an account changes what an order is about.
            if let (Value::String(_), Some(own)) = (&*value, account.options.get(name)) {
                *value = json!(own);
            }
        }
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.insert(name.to_owned(), value);
            }
        };
        put("prompt", Some(json!(order.prompt)));
        put("negative_prompt", (!order.negative_prompt.is_empty()).then(|| json!(order.negative_prompt)));
        put("width", order.size.map(|size| json!(size[0])));
        put("height", order.size.map(|size| json!(size[1])));
        put("fps", order.fps.map(|fps| json!(fps)));
        put("steps", order.steps.map(|steps| json!(steps)));
        put("guidance", order.guidance.map(|guidance| json!(guidance)));
        put("strength", order.strength.map(|strength| json!(strength)));
        put("seed", order.seed.map(|seed| json!(seed)));
        put("duration_ms", order.duration_ms.map(|duration| json!(duration.0)));
        put("image", image.map(|image| json!(image)));
        let whole = |name: &str| values.get(name).and_then(Value::as_u64).unwrap_or(0);
        let frames = self.frames.fitting(whole("duration_ms"), whole("fps"))?;
        let colour = whole("seed") % (1 << 24);
        values.insert("frames".into(), json!(frames));
        values.insert("colour".into(), json!(colour));
        Ok(values)
    }

    /// Leaves out the nodes whose value is not there.
    fn leave_out(&mut self, values: &Map<String, Value>) {
        let absent: BTreeSet<String> = self
            .optional
            .iter()
            .filter(|(value, _)| !values.contains_key(*value))
            .flat_map(|(_, nodes)| nodes.iter().cloned())
            .collect();
        self.graph.retain(|id, _| !absent.contains(id));
        for node in self.graph.values_mut() {
            node.inputs.retain(|_, value| link(value).is_none_or(|(from, _)| !absent.contains(from)));
        }
    }

    /// Puts the adaptations, one behind the other, between the model and all that uses it.
    fn load(&mut self, loras: &[Lora]) -> Result<(), ProviderError> {
        if loras.is_empty() {
            return Ok(());
        }
        let Some(anchors) = self.loras.take() else {
            return Err(invalid("loras", "the workflow takes none"));
        };
        let last = lora_node(loras.len());
        for node in self.graph.values_mut() {
            for value in node.inputs.values_mut() {
                let is = |anchor: &(String, u64)| link(value) == Some((anchor.0.as_str(), anchor.1));
                if is(&anchors.model) {
                    *value = json!([last, 0]);
                } else if is(&anchors.clip) {
                    *value = json!([last, 1]);
                }
            }
        }
        let (mut model, mut clip) = (json!(anchors.model), json!(anchors.clip));
        for (nth, lora) in loras.iter().enumerate() {
            let id = lora_node(nth + 1);
            let name =
                if lora.name.contains('.') { lora.name.clone() } else { format!("{}{WEIGHTS}", lora.name) };
            let inputs = Map::from_iter([
                ("model".to_owned(), model),
                ("clip".to_owned(), clip),
                ("lora_name".to_owned(), json!(name)),
                ("strength_model".to_owned(), json!(lora.weight)),
                ("strength_clip".to_owned(), json!(lora.weight)),
            ]);
            (model, clip) = (json!([id, 0]), json!([id, 1]));
            self.graph.insert(id, Node { class_type: "LoraLoader".to_owned(), inputs });
        }
        Ok(())
    }
}

impl Frames {
    /// The number of frames that is nearest to a clip of this length.
    fn fitting(self, duration_ms: u64, fps: u64) -> Result<u64, ProviderError> {
        let wanted = duration_ms.saturating_mul(fps).saturating_add(500) / 1_000;
        let steps = wanted.saturating_sub(self.plus).saturating_add(self.step / 2) / self.step;
        let frames = steps.saturating_mul(self.step).saturating_add(self.plus);
        if (1..=MAX_FRAMES).contains(&frames) {
            return Ok(frames);
        }
        Err(invalid("duration_ms", "the workflow makes 1 to 1800 frames"))
    }
}

/// What the ids of nodes that load an adaptation begin with.
const LORA_NODE: &str = "lora";

fn lora_node(nth: usize) -> String {
    format!("{LORA_NODE}{nth}")
}

/// The name in double braces that this value is nothing but.
fn slot(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix("{{")?.strip_suffix("}}")
}

/// The node and its output that this value links to.
fn link(value: &Value) -> Option<(&str, u64)> {
    match value.as_array()?.as_slice() {
        [node, output] => Some((node.as_str()?, output.as_u64()?)),
        _ => None,
    }
}
