//! What a game calls to turn what its player does into cues: a response graph, one step at a time.

use std::cell::RefCell;
use std::sync::Arc;

use cuelight_core::response_graph::{Evaluator, Graph, InputError, Inputs, Output};
use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

/// A running response graph.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ResponseGraph {
    evaluator: RefCell<Evaluator>,
}

#[wasm_bindgen]
impl ResponseGraph {
    /// Reads a graph: its JSON, or the object that it stands for. `seed` is a whole number that decides
    /// what is chosen by chance; the same one chooses the same.
    ///
    /// # Errors
    /// What is wrong with the graph: which node, and what to do about it.
    #[wasm_bindgen(constructor)]
    pub fn new(graph: &JsValue, seed: Option<u32>) -> Result<Self, JsError> {
        let text = match graph.as_string() {
            Some(text) => Some(text),
            None => JSON::stringify(graph).ok().and_then(|text| text.as_string()),
        };
        let text = text.ok_or_else(|| JsError::new("A response graph is JSON, or an object."))?;
        let graph = Graph::read(&text)?;
        let evaluator = Evaluator::new(Arc::new(graph), u64::from(seed.unwrap_or_default()));
        Ok(Self { evaluator: RefCell::new(evaluator) })
    }

    /// `dt_ms` milliseconds pass with these inputs; one that is not given has its default. Gives the cue
    /// for `request`, with its `priority` and the name of the `response`, when the character should do
    /// something else; null otherwise.
    ///
    /// # Errors
    /// An input that the graph does not have, or a value that it may not have. No time has passed then.
    pub fn advance(&self, dt_ms: f64, inputs: &JsValue) -> Result<JsValue, JsError> {
        let mut evaluator = self.evaluator.try_borrow_mut()?;
        let inputs = read(evaluator.graph(), inputs)?;
        Ok(evaluator.advance(dt_ms, &inputs).as_ref().map_or(JsValue::NULL, as_js))
    }

    /// The cue that was given last; null before the first.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn cue(&self) -> JsValue {
        let evaluator = self.evaluator.try_borrow().ok();
        evaluator.and_then(|evaluator| evaluator.output().map(as_js)).unwrap_or(JsValue::NULL)
    }

    /// The names of the inputs.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn inputs(&self) -> Vec<String> {
        let evaluator = self.evaluator.try_borrow().ok();
        evaluator.map(|e| e.graph().input_names().map(str::to_owned).collect()).unwrap_or_default()
    }
}

fn read(graph: &Graph, given: &JsValue) -> Result<Inputs, JsError> {
    let mut inputs = Inputs::of(graph);
    if given.is_undefined() || given.is_null() {
        return Ok(inputs);
    }
    if !given.is_object() {
        return Err(JsError::new("The inputs are an object, such as { pressure: 0.5 }."));
    }
    for entry in Object::entries(given.unchecked_ref()).iter() {
        let name = Reflect::get_u32(&entry, 0).ok().and_then(|name| name.as_string()).unwrap_or_default();
        let value = Reflect::get_u32(&entry, 1).unwrap_or(JsValue::UNDEFINED);
        set(graph, &mut inputs, &name, &value)?;
    }
    Ok(inputs)
}

fn set(graph: &Graph, inputs: &mut Inputs, name: &str, value: &JsValue) -> Result<(), InputError> {
    if let Some(number) = value.as_f64() {
        inputs.number(graph, name, number)
    } else if let Some(flag) = value.as_bool() {
        inputs.flag(graph, name, flag)
    } else if let Some(text) = value.as_string() {
        inputs.text(graph, name, &text)
    } else if value.is_undefined() || value.is_null() {
        Ok(())
    } else {
        // Refused like any other value of the wrong type.
        inputs.number(graph, name, f64::NAN)
    }
}

fn as_js(output: &Output) -> JsValue {
    let cue = Object::new();
    let reaction = &output.reaction;
    let set = |name: &str, value: JsValue| {
        // A plain object takes every member.
        let _ = Reflect::set(&cue, &name.into(), &value);
    };
    set("expression", reaction.expression.as_str().into());
    set("emotion", reaction.emotion.as_str().into());
    set("animation", reaction.animation.as_str().into());
    set("intensity", reaction.intensity.as_unit().into());
    set("priority", output.priority.into());
    set("response", output.response.as_deref().map_or(JsValue::NULL, JsValue::from));
    cue.into()
}
