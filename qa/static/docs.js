SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: document.getElementById("swagger-ui").dataset.url,
  presets: [SwaggerUIBundle.presets.apis],
});
