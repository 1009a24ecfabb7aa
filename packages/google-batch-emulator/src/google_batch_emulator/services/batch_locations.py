"""Implement google.cloud.location.Locations for Batch."""

from google.cloud.location import locations_pb2

from google_batch_emulator.messages import Message
from google_batch_emulator.names import REGIONS, parent_of


def list_locations(request: Message) -> Message:
    """Return the regions of a project."""
    return locations_pb2.ListLocationsResponse(
        locations=[_location(f"{request.name}/locations/{region}") for region in sorted(REGIONS)]
    )


def get_location(request: Message) -> Message:
    """Return a region of a project."""
    return _location(str(parent_of(request.name)))


def _location(name: str) -> Message:
    return locations_pb2.Location(name=name, location_id=name.rpartition("/")[2])
