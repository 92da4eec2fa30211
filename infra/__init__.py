"""What the control plane is deployed with: templates, the rights of each function, and stages."""
