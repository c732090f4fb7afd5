/** Owns lists of named values (`dl`): the figures at the top, the facts of the configuration. */
import { make, setAttribute, setText } from './dom.js';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Smaller, beside the value. */
  readonly detail?: string;
  readonly level?: string;
  readonly title?: string;
}

interface Place {
  readonly group: HTMLElement;
  readonly name: HTMLElement;
  readonly value: HTMLElement;
  readonly detail: HTMLElement;
}

export class Facts {
  readonly #list: HTMLElement;
  readonly #places: Place[] = [];

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  update(facts: readonly Fact[]): void {
    while (this.#places.length > facts.length) this.#places.pop()?.group.remove();
    facts.forEach((fact, at) => this.#write(this.#places[at] ?? this.#add(), fact));
  }

  #add(): Place {
    const [name, value, detail] = [
      make('dt'),
      make('span', { class: 'value' }),
      make('span', { class: 'detail' }),
    ];
    const group = make('div', {}, name, make('dd', {}, value, detail));
    this.#list.append(group);
    const place = { group, name, value, detail };
    this.#places.push(place);
    return place;
  }

  #write({ group, name, value, detail }: Place, fact: Fact): void {
    setText(name, fact.name);
    setText(value, fact.value);
    setText(detail, fact.detail ?? '');
    setAttribute(group, 'data-level', fact.level);
    setAttribute(group, 'title', fact.title);
  }
}
