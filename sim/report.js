// SPDX-License-Identifier: Apache-2.0
// What the page of `seedbed report` does beyond being read: copy the command,
// zoom the timeline, show the trace's lines of what the pointer is on.
(function () {
  'use strict';
  document.documentElement.classList.add('script');

  var copy = document.getElementById('copy');
  copy.addEventListener('click', function () {
    var text = document.getElementById('command').textContent;
    var done = function () { copy.textContent = 'Copied'; };
    var select = function () {
      var range = document.createRange();
      range.selectNodeContents(document.getElementById('command'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand('copy')) { done(); }
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text).then(done, select);
    } else {
      select();
    }
  });

  // The readout below a drawing has the title of what the pointer is on.
  document.querySelectorAll('svg.wide').forEach(function (svg) {
    var readout = document.getElementById(svg.id + '-readout');
    svg.addEventListener('pointerover', function (event) {
      var at = event.target;
      while (at && at !== svg) {
        var title = at.querySelector(':scope > title');
        if (title) { readout.textContent = title.textContent.trim(); return; }
        at = at.parentNode;
      }
    });
  });

  var svg = document.getElementById('timeline');
  var left = +svg.dataset.left, width = +svg.dataset.width;
  var span = +svg.dataset.span, axis = +svg.dataset.axis;
  var low = 0, high = 1;
  var things = [].map.call(svg.querySelectorAll('.z'), function (element) {
    var from = +element.dataset.a;
    var to = element.dataset.b === undefined ? from : +element.dataset.b;
    return { element: element, kind: element.tagName, from: from, to: to,
      room: element.tagName === 'text' ? element.textContent.length * 6.1 + 6 : 0,
      unless: +element.dataset.unless || Infinity };
  });
  var name = 'http://www.w3.org/2000/svg';

  function place(share) {
    return left + (share - low) / (high - low) * width;
  }
  function add(parent, kind, attributes, text) {
    var element = document.createElementNS(name, kind);
    Object.keys(attributes).forEach(function (key) {
      element.setAttribute(key, attributes[key]);
    });
    if (text !== undefined) { element.textContent = text; }
    parent.appendChild(element);
    return element;
  }
  function draw() {
    things.forEach(function (thing) {
      var a = Math.max(place(thing.from), left);
      var b = Math.min(place(thing.to), left + width);
      var seen = thing.to >= low && thing.from <= high;
      if (thing.kind === 'text') {
        seen = seen && b - a >= thing.room && b - a < thing.unless;
        thing.element.setAttribute('x', a + 4);
      } else if (thing.kind === 'rect') {
        thing.element.setAttribute('x', a);
        thing.element.setAttribute('width', Math.max(b - a, 1.5));
      } else {
        thing.element.setAttribute('transform', 'translate(' + a + ' 0)');
      }
      if (seen) {
        thing.element.removeAttribute('display');
      } else {
        thing.element.setAttribute('display', 'none');
      }
    });
    var ticks = document.getElementById('ticks');
    var step = Math.pow(10, Math.floor(Math.log10(span * (high - low) / 4)));
    while (span * (high - low) / step > 9) {
      step *= span * (high - low) / step > 18 ? 5 : 2;
    }
    var digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    ticks.textContent = '';
    for (var n = Math.ceil(low * span / step - 1e-9);
        n * step <= high * span * (1 + 1e-12); n++) {
      var x = place(n * step / span);
      add(ticks, 'line', { 'class': 'axis', x1: x, x2: x, y1: axis,
        y2: axis + 5 });
      add(ticks, 'text', { 'class': 'tick', x: x, y: axis + 18 },
        (n * step).toFixed(digits));
    }
  }
  function zoom(from, to) {
    var least = Math.min(1, 2e-9 / span);
    if (to - from < least) { to = from + least; }
    low = Math.max(0, Math.min(from, 1 - (to - from)));
    high = Math.min(1, low + (to - from));
    draw();
  }
  function share(event) {
    var box = svg.getBoundingClientRect();
    var x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    return low + Math.max(0, Math.min(1, (x - left) / width)) * (high - low);
  }
  var actions = {
    'in': function (m, h) { zoom(m - h / 2, m + h / 2); },
    'out': function (m, h) { zoom(m - h * 2, m + h * 2); },
    'back': function (m, h) { zoom(m - h * 1.5, m + h * 0.5); },
    'on': function (m, h) { zoom(m - h * 0.5, m + h * 1.5); },
    'all': function () { zoom(0, 1); }
  };
  document.querySelectorAll('[data-zoom]').forEach(function (button) {
    button.addEventListener('click', function () {
      actions[button.dataset.zoom]((low + high) / 2, (high - low) / 2);
    });
  });
  var from = null, selection = null;
  svg.addEventListener('pointerdown', function (event) {
    if (event.pointerType !== 'mouse' || event.button !== 0) { return; }
    from = share(event);
    svg.setPointerCapture(event.pointerId);
    selection = add(svg, 'rect', { id: 'selection', x: place(from), y: 18,
      width: 0, height: axis - 18 });
  });
  svg.addEventListener('pointermove', function (event) {
    if (from === null) { return; }
    var to = share(event);
    selection.setAttribute('x', place(Math.min(from, to)));
    selection.setAttribute('width', Math.abs(place(to) - place(from)));
  });
  svg.addEventListener('pointerup', function (event) {
    if (from === null) { return; }
    var to = share(event), start = from;
    selection.remove();
    from = null;
    if (Math.abs(place(to) - place(start)) > 4) {
      zoom(Math.min(start, to), Math.max(start, to));
    }
  });
  svg.addEventListener('dblclick', function () { zoom(0, 1); });
  addEventListener('beforeprint', function () {
    // Not the events: they would be fifty sheets.
    document.querySelectorAll('details:not(.events)').forEach(function (details) {
      details.open = true;
    });
  });
}());
