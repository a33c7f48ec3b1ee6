//! The one WebGL program that takes a backdrop out of a frame, and how far from the backdrop a colour
//! must be to stay.

use cuelight_core::character::Color;
use web_sys::{HtmlCanvasElement, HtmlVideoElement, WebGlRenderingContext as Gl, WebGlUniformLocation};

use super::Background;

const VERTEX: &str = "attribute vec2 q;varying vec2 p;\
void main(){p=vec2(q.x+1.,1.-q.y)*.5;gl_Position=vec4(q,0,1);}";

/// The colours that leave are premultiplied. A pixel at the edge is a mixture of the character and the
/// backdrop, so what the backdrop gave is taken out again: that is the suppression of its spill.
const FRAGMENT: &str = "precision mediump float;varying vec2 p;\
uniform sampler2D f;uniform vec3 k;uniform vec2 e,s;\
void main(){vec2 t=p*(1.-s);vec3 c=texture2D(f,t).rgb;float a;\
if(s.x+s.y>0.){a=texture2D(f,t+s).g;c*=a;}\
else{vec3 d=c-k;float y=dot(d,vec3(.299,.587,.114));\
a=smoothstep(e.x,e.y,length(vec3(y,(d.b-y)*.564,(d.r-y)*.713)));\
c=clamp(c-(1.-a)*k,0.,a);}\
gl_FragColor=vec4(c,a);}";

/// The program, in place.
pub(super) struct Program {
    key: Option<WebGlUniformLocation>,
    edge: Option<WebGlUniformLocation>,
    shift: Option<WebGlUniformLocation>,
}

impl Program {
    /// Puts the program, its one triangle and its one texture in place. `None` where that fails, as in
    /// a context that is lost.
    pub(super) fn new(gl: &Gl) -> Option<Self> {
        let program = gl.create_program()?;
        for (kind, source) in [(Gl::VERTEX_SHADER, VERTEX), (Gl::FRAGMENT_SHADER, FRAGMENT)] {
            let shader = gl.create_shader(kind)?;
            gl.shader_source(&shader, source);
            gl.compile_shader(&shader);
            gl.attach_shader(&program, &shader);
        }
        gl.bind_attrib_location(&program, 0, "q");
        gl.link_program(&program);
        if !gl.get_program_parameter(&program, Gl::LINK_STATUS).is_truthy() {
            return None;
        }
        gl.use_program(Some(&program));
        // One triangle that covers everything, as signed bytes: (-1, -1), (3, -1), (-1, 3).
        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&gl.create_buffer()?));
        gl.buffer_data_with_u8_array(Gl::ARRAY_BUFFER, &[255, 255, 3, 255, 255, 3], Gl::STATIC_DRAW);
        gl.enable_vertex_attrib_array(0);
        gl.vertex_attrib_pointer_with_i32(0, 2, Gl::BYTE, false, 2, 0);
        gl.bind_texture(Gl::TEXTURE_2D, Some(&gl.create_texture()?));
        for (parameter, value) in [
            (Gl::TEXTURE_MIN_FILTER, Gl::LINEAR),
            (Gl::TEXTURE_WRAP_S, Gl::CLAMP_TO_EDGE),
            (Gl::TEXTURE_WRAP_T, Gl::CLAMP_TO_EDGE),
        ] {
            gl.tex_parameteri(Gl::TEXTURE_2D, parameter, value.cast_signed());
        }
        let [key, edge, shift] = ["k", "e", "s"].map(|name| gl.get_uniform_location(&program, name));
        Some(Self { key, edge, shift })
    }

    /// Draws the frame that a video is at into the upper left corner. False when there is nothing to take
    /// away, when the video has no frame, and when the context is lost.
    pub(super) fn draw(
        &self,
        gl: &Gl,
        canvas: &HtmlCanvasElement,
        background: Background,
        video: &HtmlVideoElement,
    ) -> bool {
        let (width, height) = background.size(video);
        // `HAVE_CURRENT_DATA` (HTML, section 4.8.11.11).
        if video.ready_state() < 2 || width == 0 || height == 0 || gl.is_context_lost() {
            return false;
        }
        let shift = match background {
            Background::Keep | Background::Key(None) => return false,
            Background::Key(Some(colour)) => {
                let [r, g, b] = unit(colour);
                gl.uniform3f(self.key.as_ref(), r, g, b);
                let [gone, stays] = edge(colour);
                gl.uniform2f(self.edge.as_ref(), gone, stays);
                [0.0, 0.0]
            }
            Background::Packed if height < video.video_height() => [0.0, 0.5],
            Background::Packed => [0.5, 0.0],
        };
        // Only ever larger: characters of different sizes take turns, and a change of size costs memory.
        if canvas.width() < width {
            canvas.set_width(width);
        }
        if canvas.height() < height {
            canvas.set_height(height);
        }
        let below = canvas.height().saturating_sub(height);
        gl.viewport(0, below.cast_signed(), width.cast_signed(), height.cast_signed());
        let (format, kind) = (Gl::RGB, Gl::UNSIGNED_BYTE);
        let taken = gl.tex_image_2d_with_u32_and_u32_and_video(
            Gl::TEXTURE_2D,
            0,
            format.cast_signed(),
            format,
            kind,
            video,
        );
        if taken.is_err() {
            return false;
        }
        let [x, y] = shift;
        gl.uniform2f(self.shift.as_ref(), x, y);
        gl.draw_arrays(Gl::TRIANGLES, 0, 3);
        true
    }
}

fn unit(colour: Color) -> [f32; 3] {
    [colour.r, colour.g, colour.b].map(|part| f32::from(part) / 255.0)
}

/// How far from the backdrop a colour is gone, and from where on it stays, as distances of luma and chroma
/// together. H.264 moves a flat backdrop by up to five steps of 255. A colourful backdrop is far from
/// everything else, so its edge may be soft; a pale one is close to the white of an eye.
fn edge(backdrop: Color) -> [f32; 2] {
    let [r, g, b] = unit(backdrop);
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    let (blue, red) = ((b - luma) * 0.564, (r - luma) * 0.713);
    let chroma = (blue * blue + red * red).sqrt();
    let gone = 5.0 / 255.0 + 0.05 * chroma;
    [gone, gone + 6.0 / 255.0 + 0.35 * chroma]
}
