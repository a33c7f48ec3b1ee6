//! How ComfyUI is spoken to, and how what it says is understood.

use std::collections::BTreeSet;

use cuelight_core::order::Role;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ComfyUi, id_of};
use crate::material::tests::png_of;
use crate::testing::{account, answer, asked, body, brief, done, material, turn};
use crate::{Adapter, Answer, Cancelled, Material, Output, Progress, ProviderError, Step, Submission};

const KEY: &str = "comfy-key-marker";
const WORKFLOWS: [&str; 4] = ["smoke", "text_to_video", "image_to_video", "npc_response"];

fn comfy() -> ComfyUi {
    ComfyUi::new(account("https://comfy.example/api", KEY, &[], &[("unet", "mine.safetensors")]))
}

fn submit(
    model: &str,
    fields: Value,
    materials: &[Material],
    heard: &[Answer],
) -> Result<Step<Submission>, ProviderError> {
    // The server does not have it yet.
    let heard = [&[queue(&[], &[]), empty()], heard].concat();
    brief(model, fields, materials, |brief| comfy().submit(brief, turn(&heard)))
}

fn base() -> Material {
    material(Role::Image, png_of(64, 64, 2, b"gAMA"))
}

fn kept() -> Answer {
    answer(200, json!({"name": "cuelight-1.png", "subfolder": "", "type": "input"}))
}

/// The workflow that is queued for an order, with its picture if it takes one.
fn workflow(model: &str, fields: Value) -> Value {
    let with_picture = model == "image_to_video";
    let (materials, heard) = if with_picture { (vec![base()], vec![kept()]) } else { (vec![], vec![]) };
    body(&asked(submit(model, fields, &materials, &heard)))["prompt"].clone()
}

fn node<'a>(workflow: &'a Value, class: &str) -> &'a Value {
    let mut nodes = workflow.as_object().unwrap().values();
    &nodes.find(|node| node["class_type"] == class).unwrap_or_else(|| panic!("no {class}"))["inputs"]
}

/// Every text in a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[test]
fn every_shipped_workflow_is_whole_once_it_is_filled() {
    for model in WORKFLOWS {
        for loras in [json!([]), json!([{"name": "a", "weight": 0.8}])] {
            if model == "smoke" && loras != json!([]) {
                continue;
            }
            let workflow = workflow(model, json!({"loras": loras}));
            let ids: BTreeSet<&String> = workflow.as_object().unwrap().keys().collect();
            for node in workflow.as_object().unwrap().values() {
                assert!(node["class_type"].is_string());
                for value in node["inputs"].as_object().unwrap().values() {
                    if let Some([from, output]) = value.as_array().map(Vec::as_slice) {
                        assert!(
                            ids.contains(&from.as_str().unwrap().to_owned()) && output.is_u64(),
                            "{model}"
                        );
                    }
                }
            }
            let mut found = Vec::new();
            texts(&workflow, &mut found);
            assert!(!found.iter().any(|text| text.contains("{{")), "{model}: {found:?}");
            assert_eq!(node(&workflow, "SaveVideo")["format"], "mp4");
        }
    }
}

#[test]
fn the_smoke_test_needs_no_weights() {
    let workflow =
        workflow("smoke", json!({"size": [64, 32], "fps": 8, "duration_ms": 2000, "seed": 0x0123_4567}));
    assert_eq!(
        node(&workflow, "EmptyImage"),
        &json!({"width": 64, "height": 32, "batch_size": 16, "color": 0x23_4567})
    );
    let classes: BTreeSet<&str> =
        workflow.as_object().unwrap().values().map(|node| node["class_type"].as_str().unwrap()).collect();
    assert_eq!(classes, BTreeSet::from(["CreateVideo", "EmptyImage", "ImageAddNoise", "SaveVideo"]));
    assert!(matches!(
        submit("smoke", json!({"loras": [{"name": "a", "weight": 1.0}]}), &[], &[]),
        Err(ProviderError::Invalid { field: Some(field), .. }) if field == "loras"
    ));
}

#[test]
fn an_accounts_own_workflow_takes_the_place_of_the_shipped_one() {
    let own = include_str!("../../templates/smoke.json").replace("cuelight", "ours");
    let comfy = ComfyUi::new(account("https://comfy.example", KEY, &[], &[("template_smoke", &own)]));
    let heard = [queue(&[], &[]), empty()];
    let ask = brief("smoke", json!({}), &[], |brief| asked(comfy.submit(brief, turn(&heard))));
    assert!(body(&ask)["prompt"].to_string().contains("ours"));
    assert!(!workflow("smoke", json!({})).to_string().contains("ours"));
}

#[test]
fn an_orders_values_stand_in_the_workflow_and_the_accounts_files_too() {
    let fields = json!({"size": [832, 480], "fps": 16, "duration_ms": 3000, "steps": 12, "guidance": 3.5,
        "seed": 9, "negative_prompt": "text"});
    let workflow = workflow("text_to_video", fields);
    let latent = node(&workflow, "Wan22ImageToVideoLatent");
    assert_eq!((&latent["width"], &latent["height"]), (&json!(832), &json!(480)));
    assert_eq!(
        latent["length"], 49,
        "48 frames were asked for; the model makes one more than a multiple of 4"
    );
    let sampler = node(&workflow, "KSampler");
    assert_eq!((&sampler["seed"], &sampler["steps"], &sampler["cfg"]), (&json!(9), &json!(12), &json!(3.5)));
    assert_eq!(node(&workflow, "UNETLoader")["unet_name"], "mine.safetensors");
}

#[test]
fn a_reaction_starts_with_the_picture_where_there_is_one() {
    let without = workflow("npc_response", json!({}));
    assert!(node(&without, "Wan22ImageToVideoLatent").get("start_image").is_none());
    assert!(!without.to_string().contains("LoadImage"));
    let with = body(&asked(submit("npc_response", json!({}), &[base()], &[kept()])))["prompt"].clone();
    assert_eq!(node(&with, "LoadImage")["image"], "cuelight-1.png");
    assert!(node(&with, "Wan22ImageToVideoLatent")["start_image"].is_array());
    assert!(matches!(
        submit("image_to_video", json!({}), &[], &[]),
        Err(ProviderError::Invalid { field: Some(field), .. }) if field == "image"
    ));
}

#[test]
fn adaptations_are_chained_before_all_that_uses_the_model() {
    let loras = json!([{"name": "ink", "weight": 0.8}, {"name": "soft.safetensors", "weight": 0.5}]);
    let workflow = workflow("text_to_video", json!({"loras": loras}));
    assert_eq!(
        workflow["lora1"]["inputs"],
        json!({"model": ["1", 0], "clip": ["2", 0], "lora_name": "ink.safetensors",
            "strength_model": 0.8, "strength_clip": 0.8})
    );
    assert_eq!(workflow["lora2"]["inputs"]["model"], json!(["lora1", 0]));
    assert_eq!(workflow["lora2"]["inputs"]["lora_name"], "soft.safetensors");
    assert_eq!(node(&workflow, "ModelSamplingSD3")["model"], json!(["lora2", 0]));
    assert_eq!(node(&workflow, "CLIPTextEncode")["clip"], json!(["lora2", 1]));
}

#[test]
fn a_picture_is_handed_over_first_and_is_the_same_form_each_time() {
    let first = asked(submit("image_to_video", json!({}), &[base()], &[]));
    let again = asked(submit("image_to_video", json!({}), &[base()], &[]));
    assert_eq!(first.request.uri(), "https://comfy.example/api/upload/image");
    assert!(!first.commits, "handing it over again changes nothing");
    assert_eq!(first.request.body(), again.request.body());
    let kind = first.request.headers()["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() <= 70, "RFC 2046 allows 70 characters");
    let form = String::from_utf8_lossy(first.request.body()).into_owned();
    assert_eq!(form.matches(&format!("--{boundary}\r\n")).count(), 3);
    assert!(form.ends_with(&format!("\r\n--{boundary}--\r\n")));
    for strange in ["../../etc/passwd", "", "a\nb"] {
        let refused =
            submit("image_to_video", json!({}), &[base()], &[answer(200, json!({"name": strange}))]);
        assert!(matches!(refused, Err(ProviderError::Fatal(_))), "{strange:?}");
    }
}

#[test]
fn a_workflow_is_queued_under_an_id_made_of_the_orders_key() {
    let ask = asked(submit("smoke", json!({}), &[], &[]));
    assert_eq!(ask.request.uri(), "https://comfy.example/api/prompt");
    assert!(ask.commits);
    assert_eq!(body(&ask)["prompt_id"], id_of("k.1.1"));
    // A name that cannot be used leaves ours, under which it was queued.
    for (named, operation) in [(id_of("k.1.1"), id_of("k.1.1")), ("../x".to_owned(), id_of("k.1.1"))] {
        let said = answer(200, json!({"prompt_id": named, "number": 1, "node_errors": {}}));
        let Submission::Accepted(accepted) = done(submit("smoke", json!({}), &[], &[said])) else { panic!() };
        assert_eq!(accepted.operation_id, operation);
    }
    assert_eq!(id_of("k.1.1").len(), 36);
    assert_ne!(id_of("k.1.1"), id_of("k.1.2"));
}

#[test]
fn an_order_that_the_server_has_is_not_queued_again() {
    let id = id_of("k.1.1");
    let submit =
        |heard: &[Answer]| brief("smoke", json!({}), &[], |brief| comfy().submit(brief, turn(heard)));
    assert_eq!(asked(submit(&[])).request.uri().path(), "/api/queue");
    assert!(!asked(submit(&[queue(&[], &[])])).commits);
    let known = answer(200, json!({id.clone(): {"outputs": {}}}));
    for heard in [vec![queue(&[&id], &[])], vec![queue(&[], &[&id])], vec![queue(&[], &[]), known]] {
        let Submission::Accepted(accepted) = done(submit(&heard)) else { panic!("it has it") };
        assert_eq!(accepted.operation_id, id);
    }
}

#[test]
fn a_queue_of_other_peoples_workflows_is_read_to_its_end() {
    let id = id_of("k");
    let find = |heard: &[Answer]| comfy().find("k", turn(heard));
    let workflow = json!({"1": {"class_type": "Note", "inputs": {"text": "x".repeat(100_000)}}});
    let mut items: Vec<Value> = (0..50).map(|nth| json!([nth, "somebody", workflow, {}, []])).collect();
    items.push(json!([50, id, workflow, {}, []]));
    let long = answer(200, json!({"queue_running": [], "queue_pending": items}));
    assert!((4 << 20..16 << 20).contains(&long.body().len()) && asked(find(&[])).max_bytes == 16 << 20);
    assert_eq!(done(find(&[long])).unwrap().operation_id, id);
    // An item without an id is nobody's.
    for item in [json!([]), json!([1]), json!([1, 2, {}])] {
        let odd = answer(200, json!({"queue_running": [item], "queue_pending": []}));
        assert_eq!(asked(find(&[odd])).request.uri().path(), format!("/api/history/{id}"));
    }
    let none = answer(200, json!({"queue_running": [{}], "queue_pending": []}));
    assert!(matches!(find(&[none]), Err(ProviderError::Transient(_))));
}

#[test]
fn a_refused_input_is_named_as_the_order_names_it() {
    let refused = |node: &str, input: &str, kind: &str| {
        let errors = json!([{"type": kind, "message": "Value not in list", "details": "it is not",
            "extra_info": {"input_name": input}}]);
        let said = json!({"error": {"type": "prompt_outputs_failed_validation", "message": "m", "details": "",
            "extra_info": {}}, "node_errors": {node: {"errors": errors, "class_type": "X"}}});
        submit("text_to_video", json!({}), &[], &[answer(400, said)]).unwrap_err()
    };
    for (node, input, field) in [
        ("8", "width", "size"),
        ("8", "length", "duration_ms"),
        ("9", "cfg", "guidance"),
        ("lora1", "lora_name", "loras"),
    ] {
        let error = refused(node, input, "value_bigger_than_max");
        assert!(matches!(&error, ProviderError::Invalid { field: Some(f), .. } if f == field), "{error:?}");
    }
    // A file that the server lacks is no fault of the order's.
    assert!(matches!(refused("1", "unet_name", "value_not_in_list"), ProviderError::Fatal(_)));
    let unknown =
        json!({"error": {"type": "missing_node_type", "message": "no such node"}, "node_errors": {}});
    let refused = submit("smoke", json!({}), &[], &[answer(400, unknown)]).unwrap_err();
    assert!(matches!(refused, ProviderError::Fatal(_)));
}

const ID: &str = "0a1b2c3d-0000-8000-8000-000000000000";

fn empty() -> Answer {
    answer(200, "{}")
}

fn queue(running: &[&str], pending: &[&str]) -> Answer {
    let items = |ids: &[&str]| ids.iter().map(|id| json!([1, id, {}, {}, []])).collect::<Vec<_>>();
    answer(200, json!({"queue_running": items(running), "queue_pending": items(pending)}))
}

fn ended(status: &str, messages: Value) -> Answer {
    let files = json!([{"filename": "t.png", "subfolder": "", "type": "temp"},
        {"filename": "smoke_00001_.mp4", "subfolder": "cuelight", "type": "output"}]);
    answer(
        200,
        json!({ID: {"outputs": {"4": {"images": files, "animated": [true]}},
        "status": {"status_str": status, "completed": status == "success", "messages": messages}}}),
    )
}

#[test]
fn a_poll_asks_the_history_then_the_queue_then_the_history_again() {
    let poll = |heard: &[Answer]| comfy().poll(ID, turn(heard));
    let path = |step| asked::<Progress>(step).request.uri().path().to_owned();
    assert_eq!(path(poll(&[])), format!("/api/history/{ID}"));
    assert_eq!(path(poll(&[empty()])), "/api/queue");
    let half = Progress::Running { progress: 0.5, estimate_ms: None };
    assert_eq!(done(poll(&[empty(), queue(&[ID], &[])])), half);
    assert!(matches!(done(poll(&[empty(), queue(&["x"], &[ID])])), Progress::Running { .. }));
    assert_eq!(path(poll(&[empty(), queue(&["x"], &[])])), format!("/api/history/{ID}"));
    assert!(matches!(poll(&[empty(), queue(&[], &[]), empty()]), Err(ProviderError::Lost)));
    let Progress::Succeeded(output) = done(poll(&[empty(), queue(&[], &[]), ended("success", json!([]))]))
    else {
        panic!("it has ended between two questions")
    };
    let url = "https://comfy.example/api/view?filename=smoke_00001_.mp4&subfolder=cuelight&type=output";
    assert_eq!(output.url, url);
}

#[test]
fn a_workflow_that_broke_says_why() {
    let poll = |messages| comfy().poll(ID, turn(&[ended("error", messages)]));
    let error = json!([["execution_start", {}], ["execution_error", {"exception_message": "out of memory"}]]);
    assert!(matches!(poll(error), Err(ProviderError::Failed(words)) if words == "out of memory"));
    assert!(matches!(poll(json!([["execution_interrupted", {}]])), Err(ProviderError::Lost)));
}

#[test]
fn an_order_is_found_in_the_queue_or_in_the_history() {
    let id = id_of("k");
    let find = |heard: &[Answer]| comfy().find("k", turn(heard));
    assert_eq!(done(find(&[queue(&[], &[&id])])).unwrap().operation_id, id);
    assert!(asked(find(&[queue(&["x"], &[])])).request.uri().path().ends_with(&id));
    assert_eq!(done(find(&[queue(&[], &[]), empty()])), None);
    let known = answer(200, json!({id.clone(): {"outputs": {}}}));
    assert_eq!(done(find(&[queue(&[], &[]), known])).unwrap().operation_id, id);
}

#[test]
fn what_waits_is_taken_out_and_what_runs_is_interrupted() {
    let cancel = |heard: &[Answer]| comfy().cancel(ID, turn(heard));
    let ok = || answer(200, "");
    let interrupt = asked(cancel(&[queue(&[ID], &[])]));
    assert_eq!(
        (interrupt.request.uri().path(), body(&interrupt)),
        ("/api/interrupt", json!({"prompt_id": ID}))
    );
    assert_eq!(done(cancel(&[queue(&[ID], &[]), ok()])), Cancelled::Free);
    let delete = asked(cancel(&[queue(&[], &[ID])]));
    assert_eq!((delete.request.uri().path(), body(&delete)), ("/api/queue", json!({"delete": [ID]})));
    assert_eq!(done(cancel(&[queue(&[], &[ID]), ok(), queue(&[], &[])])), Cancelled::Free);
    let began = asked(cancel(&[queue(&[], &[ID]), ok(), queue(&[ID], &[])]));
    assert_eq!(began.request.uri().path(), "/api/interrupt", "it began to run before it was taken out");
    assert_eq!(done(cancel(&[queue(&[], &[]), ended("success", json!([]))])), Cancelled::Charged(None));
    assert_eq!(done(cancel(&[queue(&[], &[]), ended("error", json!([]))])), Cancelled::Free);
    assert!(matches!(cancel(&[queue(&[], &[]), empty()]), Err(ProviderError::Lost)));
}

#[test]
fn only_the_servers_own_files_are_fetched() {
    let fetch = |url: &str| {
        let output = Output { url: url.into(), ..Output::default() };
        comfy().download(&output, turn(&[]))
    };
    asked(fetch("https://comfy.example/api/view?filename=a.mp4"));
    for strange in ["https://comfy.example/api/free", "http://127.0.0.1/view", "https://comfy.example/view"] {
        assert!(matches!(fetch(strange), Err(ProviderError::Fatal(_))), "{strange}");
    }
}

proptest! {
    /// The prompt is one value of the workflow, whatever it says, and changes nothing else in it.
    #[test]
    fn no_prompt_changes_the_graph(prompt in "\\PC{0,60}|\\{\\{(seed|image|unet)\\}\\}|\"\\}, \"x\": \\[\"1\", 0\\]") {
        let plain = workflow("text_to_video", json!({"prompt": "plain"}));
        let mut told = workflow("text_to_video", json!({"prompt": prompt}));
        prop_assert_eq!(&told["5"]["inputs"]["text"], &json!(prompt));
        told["5"]["inputs"]["text"] = json!("plain");
        prop_assert_eq!(told, plain);
    }

    #[test]
    fn the_key_never_comes_back_out(status in 200u16..600, before in "[ a-z]{0,190}") {
        let words = format!("{before} {KEY} https://x.example/?sig=url-marker");
        let said = json!({"error": {"type": "invalid_prompt", "message": words}, "node_errors": {}, "name": words,
            ID: {"status": {"status_str": "error", "messages": [["execution_error", {"exception_message": words}]]}}});
        let heard = [answer(status, said)];
        let errors = [
            submit("smoke", json!({}), &[], &heard).err(),
            submit("image_to_video", json!({}), &[base()], &heard).err(),
            comfy().poll(ID, turn(&heard)).err(),
            comfy().cancel(ID, turn(&heard)).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!format!("{error} {error:?}").contains("marker"), "{error}");
        }
    }
}
