//! Whether this browser shows the transparency of a WebM clip: found out by drawing one, since
//! `canPlayType` speaks of codecs only.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

use crate::browser;
use crate::object_url::ObjectUrl;
use crate::video::Frame;

/// 16 by 16 px, one frame of VP8: black, half transparent.
const CLIP: &[u8] = include_bytes!("transparent.webm");

/// How long a browser may take over half a kilobyte before it counts as unable, in milliseconds.
const LONGEST: u32 = 2_000;

/// Plays half a kilobyte of transparency and looks at a pixel of it. Costs a decoder for a moment: ask once.
pub async fn is_shown() -> bool {
    probe().await.unwrap_or(false)
}

async fn probe() -> Option<bool> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("video/webm");
    let parts = Array::of1(&Uint8Array::from(CLIP));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    let url = ObjectUrl::new(&blob).ok()?;
    let video: HtmlVideoElement = browser::create("video")?;
    video.set_muted(true);
    video.set_autoplay(true);
    let mut frame = None;
    let painted = Promise::new(&mut |done, _| {
        video.set_onerror(Some(&done));
        if let Some(window) = browser::window() {
            let _ =
                window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, LONGEST.cast_signed());
        }
        // Data that is there is not yet a frame that can be drawn.
        frame = Frame::request(&video, move || drop(done.call0(&JsValue::NULL)));
    });
    video.set_src(url.as_str());
    let _ = JsFuture::from(painted).await;
    drop(frame);
    let canvas: HtmlCanvasElement = browser::create("canvas")?;
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    // On white the frame is grey; black where its transparency is ignored, and white where nothing is drawn.
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, 1.0, 1.0);
    context.draw_image_with_html_video_element_and_dw_and_dh(&video, 0.0, 0.0, 1.0, 1.0).ok()?;
    let pixel = context.get_image_data(0.0, 0.0, 1.0, 1.0).ok()?.data();
    let shown = pixel.first().is_some_and(|red| (64..192).contains(red));
    video.set_src("");
    Some(shown)
}
