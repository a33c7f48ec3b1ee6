//! What a model takes is what its entry says, and what it is asked is within that.

use super::*;

#[test]
fn two_voices_find_the_model_that_has_two() {
    let two = |right: &str| {
        let right = json!({"asset": right.repeat(64)});
        check(&with(body(Operation::TalkingAvatar), "/params/right_audio", right)).unwrap()
    };
    let (one, same, longer) = (check(&body(Operation::TalkingAvatar)).unwrap(), two("b"), two("9"));
    assert_eq!((one.spec.model(), same.spec.model()), ("infinitetalk", "infinitetalk-multi"));
    // At $0.03 a second: 7.3 s, and both speak at once, so the longer one, of 20 s, decides.
    let costs = [one, same, longer].map(|job| job.spec.cost().unwrap());
    assert_eq!(costs, [MicroUsd(219_000), MicroUsd(219_000), MicroUsd(600_000)]);
}

#[test]
fn what_is_asked_of_a_vendor_is_what_its_entry_says() {
    let reel = r#"{"models": [{"id": "amazon.nova-reel-v1:1", "lifecycle": {"status": "active"}}]}"#;
    let models = catalog::shipped().with(reel).unwrap();
    assert_eq!(models.model("amazon.nova-reel-v1:1").unwrap().lifecycle.status, Status::Active);
    let small = with(super_body(), "/params/image", json!({"asset": "e".repeat(64)}));
    let told = faults(&with(small, "/model", json!("kling-2.5-turbo-std")));
    assert_eq!(told[0].2, "at least 300x300 px, not 200x200");
    let sizes = with(body(Operation::TextToVideo), "/model", json!("wan-2.5-text-to-video"));
    let job = check(&with(with(sizes.clone(), "/params/width", json!(832)), "/params/height", json!(480)));
    assert_eq!(job.unwrap().spec.cost(), Some(MicroUsd(250_000)), "5 s in 480p");
    assert_eq!(check(&sizes).unwrap().spec.cost(), Some(MicroUsd(500_000)), "5 s in 720p");
    let half = faults(&with(sizes, "/params/width", json!(832)));
    assert!(half[0].2.contains("1280x720, 720x1280"), "{half:?}");
}

#[test]
fn a_preset_says_how_closely_to_follow_only_where_the_model_has_its_scale() {
    let guidance = |model: &str, more: Value| {
        let mut params = json!({"character": "bolt", "state": "happy", "base_image": picture()});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({"operation_type": "state_clip", "model": model, "params": params});
        check(&body).unwrap().spec.order().guidance
    };
    for preset in &catalog::built_in().presets {
        let asked = json!({"quality_preset": preset.id});
        // From 0 to 1: every preset would be its maximum.
        assert_eq!(guidance("kling-2.5-turbo-pro", asked.clone()), None, "{}", preset.id);
        assert_eq!(guidance("comfyui-image-to-video", asked), Some(preset.cfg), "{}", preset.id);
    }
    assert_eq!(guidance("kling-2.5-turbo-pro", json!({"guidance": 0.5})), Some(0.5));
}

#[test]
fn no_model_promises_a_media_type_that_no_upload_can_have() {
    for model in &catalog::models().models {
        for input in &model.inputs {
            let taken: &[&str] = match input.role {
                Role::Image | Role::EndImage | Role::Mask => &["image/png", "image/jpeg"],
                Role::Audio | Role::RightAudio => &["audio/wav", "audio/mpeg"],
                Role::Video => &["video/mp4"],
            };
            let known = input.media_types.iter().all(|kind| taken.contains(&kind.as_str()));
            assert!(known && !input.media_types.is_empty(), "{}: {:?}", model.id, input.media_types);
        }
    }
}

#[test]
fn sound_and_clips_are_as_long_as_the_model_takes_them() {
    let audio = "/params/audio";
    for (operation, model, member, kind, [least, most]) in [
        (Operation::ImageToVideo, "wan-2.5-image-to-video", audio, '5', [3_000, 30_000]),
        (Operation::TextToVideo, "wan-2.5-text-to-video", audio, '5', [3_000, 30_000]),
        (Operation::TalkingAvatar, "infinitetalk", audio, '5', [100, 120_000]),
        (Operation::TalkingAvatar, "infinitetalk-multi", "/params/right_audio", '5', [100, 120_000]),
        (Operation::VideoExtend, "veo-3.1", "/params/video", '6', [1_000, 141_000]),
        (Operation::VideoExtend, "veo-3.1-fast", "/params/video", '6', [1_000, 141_000]),
    ] {
        let asked = |ms| with(with(body(operation), "/model", json!(model)), member, lasting(kind, ms));
        for fits in [least, most] {
            assert!(check(&asked(fits)).is_ok(), "{model}: {fits} ms");
        }
        for ms in [least - 1, most + 1, 600_000] {
            let seconds = |ms: u64| ms as f64 / 1_000.0;
            let detail = format!("{} to {} seconds long, not {}", seconds(least), seconds(most), seconds(ms));
            assert_eq!(faults(&asked(ms)), [(member.to_owned(), FieldCode::OutOfRange, detail)], "{model}");
        }
    }
}

/// What `veo-3.1` is asked for with these parameters besides the plain ones.
fn of_veo(operation: Operation, more: &Value) -> Value {
    let mut body = with(body(operation), "/model", json!("veo-3.1"));
    body["params"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn what_a_model_takes_only_together_is_told_at_once_where_it_was_chosen() {
    let (from, to, on) = (Operation::ImageToVideo, Operation::VideoTransition, Operation::VideoExtend);
    let [length, lines] = ["/params/duration", "/params/resolution"];
    for (operation, more, expected) in [
        (from, json!({"resolution": "1080p", "duration": 8}), vec![]),
        (from, json!({"resolution": "720p", "duration": 4}), vec![]),
        (
            from,
            json!({"resolution": "1080p", "duration": 6}),
            vec![(length, "in 1080p: a number of seconds, one of: 8")],
        ),
        (to, json!({"duration": 4}), vec![(length, "with end_image: a number of seconds, one of: 8")]),
        (
            from,
            json!({"end_image": {"asset": "a1".repeat(32)}, "duration": 4}),
            vec![(length, "with end_image: a number of seconds, one of: 8")],
        ),
        (on, json!({"resolution": "720p", "duration": 8}), vec![]),
        (on, json!({"resolution": "1080p"}), vec![(lines, "with video: one of: 720p")]),
        (
            on,
            json!({"resolution": "1080p", "duration": 4}),
            vec![(length, "in 1080p: a number of seconds, one of: 8"), (lines, "with video: one of: 720p")],
        ),
        // What names no upload asks for a clip from one all the same.
        (
            on,
            json!({"duration": 4, "video": {"asset": "f".repeat(64)}}),
            vec![
                ("/params/video", "there is no such upload; POST it to /api/v1/assets first"),
                (length, "with video: a number of seconds, one of: 8"),
            ],
        ),
    ] {
        let told = check(&of_veo(operation, &more)).err().unwrap_or_default();
        let told: Vec<(&str, &str)> = told.iter().map(|e| (e.pointer.as_str(), e.detail.as_str())).collect();
        assert_eq!(told, expected, "{more}");
    }
}

#[test]
fn what_a_model_makes_from_something_is_less_than_what_it_makes() {
    let model = catalog::models().model("veo-3.1").unwrap();
    let left = |operation: Operation| {
        let left = model.made_from(operation.needs());
        (left.durations_ms.len(), left.resolutions.join(" "))
    };
    assert_eq!(left(Operation::ImageToVideo), (3, "720p 1080p".into()));
    assert_eq!(left(Operation::VideoTransition), (1, "720p 1080p".into()));
    assert_eq!(left(Operation::VideoExtend), (1, "720p".into()));
}

#[test]
fn what_nobody_chose_fits_what_somebody_chose() {
    let asked = |operation, more: Value| {
        let order = check(&of_veo(operation, &more)).unwrap().spec.order();
        (order.resolution.unwrap(), order.duration_ms.unwrap().0)
    };
    // 2.5 s are enough for a greeting, so 4 s are asked for, but in 1080p.
    let state = json!({"character": "bolt", "state": "greeting", "base_image": picture()});
    assert_eq!(asked(Operation::StateClip, state.clone()), ("720p".into(), 4_000));
    let fine = with(json!({ "params": state }), "/params/resolution", json!("1080p"));
    assert_eq!(asked(Operation::StateClip, fine["params"].clone()), ("1080p".into(), 8_000));
}

#[test]
fn a_continuation_costs_what_is_added_to_the_clip() {
    for (model, cost) in [("veo-3.1", 2_800_000), ("veo-3.1-fast", 700_000)] {
        let job = check(&with(body(Operation::VideoExtend), "/model", json!(model))).unwrap();
        // 7 s; the 8 s that it continues are paid already.
        assert_eq!(job.spec.cost(), Some(MicroUsd(cost)), "{model}");
        assert_eq!(job.spec.duration(), Some(Millis(15_000)), "{model}");
        assert_eq!(job.spec.order().duration_ms, Some(Millis(8_000)), "what the vendor wants to be told");
    }
}
