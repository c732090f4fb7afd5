/** Owns the question for the token: asked once, and again when it was wrong. */
import { setToken } from './api.js';
import { byId, byIdAs, setText } from './dom.js';

export class TokenPrompt {
  readonly #dialog = byIdAs('token-dialog', HTMLDialogElement);
  readonly #input = byIdAs('token-input', HTMLInputElement);
  readonly #wrong = byId('token-wrong');
  #tried = false;

  constructor(onGiven: () => void) {
    byIdAs('token-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      setToken(this.#input.value.trim());
      this.#tried = true;
      this.#input.value = '';
      this.#dialog.close();
      onGiven();
    });
    // There is nothing to see without it.
    this.#dialog.addEventListener('cancel', (event) => event.preventDefault());
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  open(): void {
    if (this.#dialog.open) return;
    setText(this.#wrong, this.#tried ? 'That was not it.' : '');
    this.#dialog.showModal();
    this.#input.focus();
  }
}
