"""Who someone is: body, face, hair, skin and the way of walking."""
