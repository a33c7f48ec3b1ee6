// `import "cuelight/react"` brings types for JSX, and the element itself.
import "./cuelight.js";
