//! How each placeholder moves: a few CSS keyframes a state, and stillness for those who ask for it.
//! The expression is in the drawing, so that it stays when the motion stops.

use super::bodies::Parts;
use super::decimal::tenths;

/// The media query of those who asked for little motion.
pub(super) const FOR_WHOM_IT_STOPS: &str = "(prefers-reduced-motion: reduce)";
/// A blink, the same for everybody who has open eyes.
const BLINK: &str = "94%,to{transform:none}97%{transform:scaleY(.08)}";

/// The style sheet of a state's placeholder.
pub(super) fn css(state: &str, parts: &Parts) -> String {
    let (neck, eyes, mouth) = (tenths(parts.neck), tenths(parts.eyes_y), tenths(parts.mouth_y));
    let (left, right) = (tenths(100.0 - parts.shoulder_x), tenths(100.0 + parts.shoulder_x));
    let shoulder = tenths(parts.shoulder_y);
    let moves: &[(&str, &str, &str)] = match state {
        "talking" => &[
            ("M", ".42s", "50%{transform:scaleY(.35)}"),
            ("H", "2.1s", "50%{transform:rotate(-4deg)}"),
            ("R", "1.5s", "50%{transform:rotate(14deg)}"),
            ("E", "3.7s", BLINK),
        ],
        "thinking" => &[
            ("H", "3s", "50%{transform:rotate(3deg)}"),
            ("P", "1.5s", "50%{opacity:.25}"),
            ("E", "4.1s", BLINK),
            ("B", "3s", "50%{transform:scaleY(1.012)}"),
        ],
        "greeting" => &[
            ("R", ".62s", "50%{transform:rotate(-24deg)}"),
            ("H", "1.24s", "50%{transform:rotate(4deg)}"),
            ("E", "3.1s", BLINK),
        ],
        "happy" => &[
            (
                "B",
                ".9s",
                "25%{transform:translateY(-5px) rotate(-2deg)}75%{transform:translateY(-5px) rotate(2deg)}",
            ),
            ("P", "1.8s", "50%{transform:translateY(-6px)}"),
        ],
        "confused" => &[
            ("H", "2.4s", "50%{transform:rotate(-7deg)}"),
            ("P", "1.2s", "50%{transform:rotate(9deg)}"),
            ("R", ".6s", "50%{transform:rotate(4deg)}"),
            ("E", "3.3s", BLINK),
        ],
        "excited" => &[
            ("B", ".5s", "50%{transform:translateY(-12px)}"),
            ("L", ".25s", "50%{transform:rotate(9deg)}"),
            ("R", ".25s", "50%{transform:rotate(-9deg)}"),
            ("P", ".7s", "50%{transform:scale(.72)}"),
        ],
        "listening" => &[
            ("H", "1.8s", "50%{transform:translateY(4px) rotate(2deg)}"),
            ("P", "1.2s", "50%{opacity:.15}"),
            ("E", "3.4s", BLINK),
        ],
        "sad" => &[
            ("B", "4.2s", "50%{transform:scaleY(.975)}"),
            ("H", "4.2s", "50%{transform:translateY(2px)}"),
            ("P", "2.4s", "to{opacity:0;transform:translateY(26px)}"),
        ],
        "surprised" => &[
            ("B", "1.3s", "18%{transform:translateY(-9px)}36%{transform:none}"),
            ("E", "1.3s", "18%{transform:scale(1.1)}"),
            ("P", ".65s", "50%{transform:translateY(-5px)}"),
        ],
        "confident" => &[
            ("B", "3.2s", "50%{transform:scale(1.014)}"),
            ("H", "3.2s", "50%{transform:translateY(-2px) rotate(-3deg)}"),
            ("P", "1.6s", "50%{opacity:.1}"),
            ("E", "4.3s", BLINK),
        ],
        "farewell" => &[
            ("R", ".8s", "50%{transform:rotate(-20deg)}"),
            ("H", "2.4s", "50%{transform:translateY(5px)}"),
            ("B", "2.4s", "50%{transform:rotate(2deg)}"),
        ],
        _ => &[
            ("B", "4s", "50%{transform:scaleY(1.022)}"),
            ("H", "5s", "50%{transform:rotate(1.6deg)}"),
            ("E", "4.6s", BLINK),
        ],
    };
    let mut sheet = format!(
        ".B{{transform-origin:100px 182px}}.H{{transform-origin:100px {neck}px}}.E{{transform-origin:100px {eyes}px}}\
         .M{{transform-origin:100px {mouth}px}}.P{{transform-origin:100px 40px}}\
         .L{{transform-origin:{left}px {shoulder}px}}.R{{transform-origin:{right}px {shoulder}px}}"
    );
    for (part, time, frames) in moves {
        sheet.push_str(&format!(
            ".{part}{{animation:{part} {time} ease-in-out infinite}}@keyframes {part}{{{frames}}}"
        ));
    }
    sheet.push_str("@media ");
    sheet.push_str(FOR_WHOM_IT_STOPS);
    sheet.push_str("{g{animation:none!important}}");
    sheet
}
