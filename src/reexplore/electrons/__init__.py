"""What happens to a molecule that loses or takes up an electron: energies, charges and spins, computed and learned."""
