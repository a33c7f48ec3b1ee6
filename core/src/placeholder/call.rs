//! What stands in for the picture of two people on a call: two figures side by side, of whom nothing is
//! known. The same for every call, so it says nothing of anybody.

/// Its name, where a state's stands otherwise.
pub const NAME: &str = "call";
/// Where it is, as a path of the edge.
pub const PATH: &str = "/placeholders/call.svg";

/// A half of the picture: where it begins, its wall, and the figure's clothes and skin.
const HALVES: [(u32, &str, &str, &str); 2] =
    [(0, "#dfe8f5", "#3f5f8f", "#e3b48c"), (160, "#f3e9df", "#8a5a44", "#b98158")];

/// The picture, 16 to 9 as call pictures are.
#[must_use]
pub fn svg() -> String {
    let halves: String = HALVES
        .iter()
        .map(|(x, wall, clothes, skin)| {
            format!(
                "<g transform=\"translate({x})\"><rect width=\"160\" height=\"180\" fill=\"{wall}\"/>\
                 <path d=\"M24 180c0-42 25-60 56-60s56 18 56 60z\" fill=\"{clothes}\"/>\
                 <path d=\"M68 104h24v16c0 7-5 12-12 12s-12-5-12-12z\" fill=\"{skin}\"/>\
                 <circle cx=\"80\" cy=\"78\" r=\"33\" fill=\"{skin}\"/>\
                 <path d=\"M47 76c0-22 15-34 33-34s33 12 33 34c-8-12-20-17-33-17s-25 5-33 17z\" fill=\"#3b3030\"/>\
                 <circle cx=\"69\" cy=\"80\" r=\"3\"/><circle cx=\"91\" cy=\"80\" r=\"3\"/>\
                 <path d=\"M70 95q10 7 20 0\" fill=\"none\" stroke=\"#3b3030\" stroke-width=\"2.5\" \
                 stroke-linecap=\"round\"/></g>"
            )
        })
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 180\" role=\"img\" aria-labelledby=\"t\">\
         <title id=\"t\">Two people on a call</title>{halves}\
         <rect x=\"158.5\" width=\"3\" height=\"180\" fill=\"#fff\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_small_picture_with_a_name_for_those_who_cannot_see_it() {
        let svg = svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let title = document.descendants().find(|node| node.has_tag_name("title")).unwrap();
        assert_eq!(title.text(), Some("Two people on a call"));
        assert!(svg.len() < 4_096 && PATH == format!("/placeholders/{NAME}.svg"));
        assert!(crate::catalog::built_in().state(NAME).is_none(), "no state is hidden by it");
    }
}
