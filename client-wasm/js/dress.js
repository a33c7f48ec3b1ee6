/** How a character looks, and its button: the same whether WebAssembly can be had or not. */

const STYLE = `:host{border-radius:var(--cuelight-border-radius,0)}
[part~=status]{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[part~=pause-button]{position:absolute;z-index:1;right:8px;bottom:8px;box-sizing:border-box;min-width:32px;min-height:32px;padding:0;border:1px solid #fff;border-radius:50%;background:#000c;color:#fff;font:14px/1 system-ui,sans-serif;cursor:pointer}
[part~=pause-button]::before{content:"";display:block;width:8px;height:10px;margin:auto;border:solid;border-width:0 3px;box-sizing:border-box}
[part~=pause-button][aria-pressed=true]::before{border-width:5px 0 5px 9px;border-color:#0000 currentColor;width:0;height:0}
[part~=pause-button]:focus-visible{outline:3px solid var(--cuelight-focus,#4f7cff);outline-offset:2px;box-shadow:0 0 0 2px #fff}
@media(forced-colors:active){:host{box-sizing:border-box;border:1px solid CanvasText}[part~=pause-button]{border-color:ButtonText;background:ButtonFace;color:ButtonText;forced-color-adjust:none}[part~=pause-button]:focus-visible{outline-color:Highlight;box-shadow:none}}`;

let sheet;

/** Has a character wear them, once. */
export function dress(shadow) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  if (!shadow.adoptedStyleSheets.includes(sheet)) {
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  }
}
