'use strict';
(() => {
  const filter = document.getElementById('filter');
  const text = document.getElementById('text');
  const shown = document.getElementById('shown');
  const items = [...document.querySelectorAll('[data-states]')];
  filter.hidden = false;

  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = new Set([...filter.querySelectorAll('[name=state]:checked')].map((box) => box.value));
    let left = 0;
    for (const item of items) {
      const about = item.dataset.text.toLowerCase();
      const fits = words.every((word) => about.includes(word)) &&
        item.dataset.states.split(' ').some((state) => states.has(state));
      item.toggleAttribute('data-filtered', !fits);
      if (fits && item.matches('.scenario')) left += 1;
    }
    const all = items.filter((item) => item.matches('.scenario')).length;
    shown.textContent = left === all ? '' : `${left} of ${all} scenarios`;
  };
  filter.addEventListener('input', apply);
  filter.addEventListener('submit', (event) => event.preventDefault());

  // A link to a request opens what it lies in, even if the filter had hidden it.
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let place = target; place; place = place.parentElement) {
      if (place instanceof HTMLDetailsElement) place.open = true;
      place.removeAttribute('data-filtered');
    }
    target.scrollIntoView({ block: 'start' });
  };
  window.addEventListener('hashchange', follow);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
    if (link && link.getAttribute('href') === location.hash) follow();
  });
  follow();

  // On paper nothing can be opened, so that what failed is.
  window.addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('.failure details')) details.open = true;
  });
})();
