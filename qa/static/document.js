// The browser scrolls to the passage; the keyboard goes on from there.
document.getElementById("passage")?.focus();
