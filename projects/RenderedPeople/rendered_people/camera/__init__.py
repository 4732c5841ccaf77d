"""What is seen of them: place, light, scene, what stands in between, and the sensor."""
