/** Owns the few ways in which the page is changed: by text and attributes, never by markup, and only where something differs. */

/** An element of `index.html`. Throws where there is none: page and program belong together. */
export const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
};

/** As `byId`, of that kind. */
export const byIdAs = <E extends HTMLElement>(id: string, kind: new () => E): E => {
  const found = byId(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is another kind of element`);
  return found;
};

export interface Attributes {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly type?: string;
  readonly scope?: string;
  readonly 'data-level'?: string;
}

export const make = <N extends keyof HTMLElementTagNameMap>(
  name: N,
  { text, ...attributes }: Attributes = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[N] => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
};

/** Leaves the element alone where it says so already, so that screen readers and selections are not disturbed. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

export const setAttribute = (element: Element, name: string, value: string | undefined): void => {
  if (value === undefined || value === '') element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

export const show = (element: HTMLElement, isShown: boolean): void => {
  if (element.hidden === isShown) element.hidden = !isShown;
};

/** Makes the children be as many as there are texts, each saying one of them. */
export const setList = (list: Element, texts: readonly string[], tag: 'li' | 'p' = 'li'): void => {
  while (list.children.length > texts.length) list.lastElementChild?.remove();
  while (list.children.length < texts.length) list.append(make(tag));
  texts.forEach((text, at) => {
    const child = list.children[at];
    if (child !== undefined) setText(child, text);
  });
};
