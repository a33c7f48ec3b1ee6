//! The picture models of Bedrock: what each is told, and the picture in its answer. Amazon's own (Titan,
//! Nova Canvas), Stable Diffusion XL, and Stability's later ones.

use cuelight_core::order::{Order, Role};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault;
use crate::material::{invalid, picture, required};
use crate::{Answer, Brief, Made, ProviderError, fit, wire};

/// Largest seed that Amazon's own models take.
const AMAZON_SEED: u32 = 2_147_483_646;
/// Shortest and longest side of a picture that is varied, in px.
const SIDES: (u32, u32) = (64, 4_096);
/// The aspect ratios that Stability's later models name.
const RATIOS: [&str; 9] = ["16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"];
/// Largest answer that is read, in bytes: what Amazon sends at most.
pub(crate) const MAX_BODY: usize = 25_000_000;

/// Whose way of speaking a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Titan Image Generator and Nova Canvas.
    Amazon,
    /// Stable Diffusion XL 1.0.
    Xl,
    /// Stable Image Core and Ultra, Stable Diffusion 3.5.
    Stability,
}

impl Family {
    /// That of the model with this id at Amazon.
    pub(crate) fn of(model_id: &str) -> Option<Self> {
        if model_id.contains("titan-image") || model_id.contains("nova-canvas") {
            Some(Self::Amazon)
        } else if model_id.contains("stable-diffusion-xl") {
            Some(Self::Xl)
        } else if model_id.contains("stability.") {
            Some(Self::Stability)
        } else {
            None
        }
    }
}

/// The seed that a model of this family is told for the order's: the same one for every order with the
/// same seed, folded where the model takes fewer.
fn seed(order: &Order, family: Family) -> Option<u32> {
    let seed = order.seed?;
    Some(if family == Family::Amazon && seed > AMAZON_SEED { seed % (AMAZON_SEED + 1) } else { seed })
}

/// What the model is told. `quality` is Amazon's own, `standard` or `premium`.
pub(crate) fn body(brief: &Brief<'_>, family: Family, quality: Option<&str>) -> Result<Value, ProviderError> {
    match family {
        Family::Amazon => amazon(brief, quality),
        Family::Xl => xl(brief),
        Family::Stability => stability(brief),
    }
}

fn amazon(brief: &Brief<'_>, quality: Option<&str>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let mut params = Map::new();
    put(&mut params, "text", (!order.prompt.is_empty()).then_some(&order.prompt));
    // An empty one is refused, and so is null.
    put(&mut params, "negativeText", (!order.negative_prompt.is_empty()).then_some(&order.negative_prompt));
    let (task, member) = match picture(brief, Role::Image)? {
        None => ("TEXT_IMAGE", "textToImageParams"),
        Some(base) => {
            params.insert("images".into(), json!([base.within(SIDES.0, SIDES.1)?.base64()]));
            put(&mut params, "similarityStrength", order.strength);
            ("IMAGE_VARIATION", "imageVariationParams")
        }
    };
    let mut config = Map::from_iter([("numberOfImages".to_owned(), json!(1))]);
    put(&mut config, "quality", quality);
    put(&mut config, "cfgScale", order.guidance);
    put(&mut config, "seed", seed(order, Family::Amazon));
    put(&mut config, "width", order.size.map(|size| size[0]));
    put(&mut config, "height", order.size.map(|size| size[1]));
    let mut body = Map::new();
    body.insert("taskType".into(), task.into());
    body.insert(member.into(), params.into());
    body.insert("imageGenerationConfig".into(), config.into());
    Ok(body.into())
}

fn xl(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let mut prompts = vec![json!({"text": order.prompt, "weight": 1.0})];
    if !order.negative_prompt.is_empty() {
        prompts.push(json!({"text": order.negative_prompt, "weight": -1.0}));
    }
    let mut body =
        Map::from_iter([("text_prompts".to_owned(), json!(prompts)), ("samples".to_owned(), json!(1))]);
    put(&mut body, "cfg_scale", order.guidance);
    put(&mut body, "steps", order.steps);
    put(&mut body, "seed", seed(order, Family::Xl));
    match picture(brief, Role::Image)? {
        // The result has the size of the picture that is varied, so that is brought to the ordered one.
        Some(base) => {
            let base = base.within(SIDES.0, SIDES.1)?;
            let fitted = order.size.map(|size| fit::opaque(base.bytes(), size)).transpose();
            let fitted = fitted.map_err(|error| invalid("image", &error.to_string()))?;
            let picture = fitted.map_or_else(|| base.base64(), |fitted| BASE64.encode(&fitted.bytes));
            body.insert("init_image".into(), picture.into());
            put(&mut body, "image_strength", order.strength);
        }
        None => {
            put(&mut body, "width", order.size.map(|size| size[0]));
            put(&mut body, "height", order.size.map(|size| size[1]));
        }
    }
    Ok(body.into())
}

fn stability(brief: &Brief<'_>) -> Result<Value, ProviderError> {
    let order = brief.order;
    let mut body = Map::from_iter([
        ("prompt".to_owned(), json!(order.prompt)),
        ("output_format".to_owned(), json!("png")),
    ]);
    put(&mut body, "negative_prompt", (!order.negative_prompt.is_empty()).then_some(&order.negative_prompt));
    put(&mut body, "seed", seed(order, Family::Stability));
    // Only Stable Diffusion 3 is told apart what it is to do; Core knows no picture to start from.
    let has_modes = brief.model.wire_id.contains("sd3");
    if order.input(Role::Image).is_none() {
        put(&mut body, "mode", has_modes.then_some("text-to-image"));
        put(&mut body, "aspect_ratio", ratio(order)?);
    } else {
        let base = required(brief, Role::Image)?.within(SIDES.0, SIDES.1)?;
        put(&mut body, "mode", has_modes.then_some("image-to-image"));
        body.insert("image".into(), base.base64().into());
        // Required beside a picture. Theirs is 0 for the same picture again, ours is 1; Amazon's and SDXL's
        // are as ours.
        body.insert("strength".into(), json!(1.0 - order.strength.unwrap_or(0.5)));
    }
    Ok(body.into())
}

/// The order's aspect ratio, or that of its size, as the model names it.
fn ratio(order: &Order) -> Result<Option<String>, ProviderError> {
    if let Some(ratio) = &order.aspect_ratio {
        return Ok(Some(ratio.clone()));
    }
    let Some([width, height]) = order.size else { return Ok(None) };
    let matches = |ratio: &&&str| {
        ratio.split_once(':').and_then(|(w, h)| Some((w.parse::<u64>().ok()?, h.parse::<u64>().ok()?)))
            == reduced(width, height)
    };
    RATIOS
        .iter()
        .find(matches)
        .map(|ratio| Some((*ratio).to_owned()))
        .ok_or_else(|| invalid("size", &format!("the model takes a size of the ratio {}", RATIOS.join(", "))))
}

fn reduced(width: u32, height: u32) -> Option<(u64, u64)> {
    let (mut a, mut b) = (width, height);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    Some((u64::from(width.checked_div(a)?), u64::from(height.checked_div(a)?)))
}

fn put(object: &mut Map<String, Value>, member: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        object.insert(member.to_owned(), json!(value));
    }
}

/// The answer of Amazon's and of Stability's later models.
#[derive(Deserialize)]
struct Pictures {
    #[serde(default)]
    images: Vec<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    finish_reasons: Vec<Option<String>>,
    #[serde(default)]
    seeds: Vec<u64>,
}

/// The answer of Stable Diffusion XL.
#[derive(Deserialize)]
struct Artifacts {
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(default)]
    base64: String,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
}

/// The picture in an answer of success. Blocked pictures are left out of it: the count tells, not the
/// status.
pub(crate) fn made(
    brief: &Brief<'_>,
    family: Family,
    answer: &Answer,
    text: impl Fn(&str) -> String,
) -> Result<Made, ProviderError> {
    let asked = seed(brief.order, family);
    if family == Family::Xl {
        let Artifacts { artifacts } = wire::parse(answer, MAX_BODY).map_err(wire::unclear)?;
        let Some(first) = artifacts.into_iter().next() else { return Err(none()) };
        return match first.finish_reason.as_deref() {
            Some("CONTENT_FILTERED") => Err(blocked("the picture was filtered")),
            Some("ERROR") => Err(ProviderError::Failed("the model reported an error".into())),
            _ => {
                let used = first.seed.and_then(|seed| u32::try_from(seed).ok());
                Ok(wire::decoded(&first.base64, used.or(asked)))
            }
        };
    }
    let answer: Pictures = wire::parse(answer, MAX_BODY).map_err(wire::unclear)?;
    match answer.finish_reasons.first() {
        Some(Some(reason)) if fault::is_refusal(reason) => return Err(blocked(&text(reason))),
        Some(Some(reason)) => return Err(ProviderError::Failed(text(reason))),
        _ => {}
    }
    match (answer.images.first(), &answer.error) {
        (Some(picture), _) => {
            let used = answer.seeds.first().and_then(|seed| u32::try_from(*seed).ok());
            Ok(wire::decoded(picture, used.or(asked)))
        }
        (None, Some(words)) => Err(blocked(&text(words))),
        (None, None) => Err(none()),
    }
}

fn blocked(message: &str) -> ProviderError {
    ProviderError::ContentRefused { message: message.to_owned() }
}

fn none() -> ProviderError {
    blocked("the answer holds no picture, which is how the model withholds one")
}
