/** Owns light and dark: as the system says, until the reader chooses. */
import { byId, setText } from './dom.js';

const KEY = 'torus-theme';
type Theme = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');

const current = (): Theme => {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
};

const other = (theme: Theme): Theme => (theme === 'dark' ? 'light' : 'dark');

/** `onChange` is called when colours have changed, so that what is drawn can be drawn again. */
export const startTheme = (onChange: () => void): void => {
  const button = byId('theme');
  const apply = (): void => {
    const theme = current();
    document.documentElement.dataset['theme'] = theme;
    setText(button, other(theme) === 'dark' ? 'Dark' : 'Light');
    button.setAttribute('aria-label', `Switch to ${other(theme)} colours`);
    onChange();
  };
  button.addEventListener('click', () => {
    localStorage.setItem(KEY, other(current()));
    apply();
  });
  system.addEventListener('change', apply);
  apply();
};
