"""What was recorded, in the media browser: by camera and day, with what was said; found by words."""

from typing import override

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.media_player.browse_media import SearchMedia, SearchMediaQuery
from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .exceptions import WallflowerError
from .films import FILM_URL, MP4, Film
from .media_contents import async_find, async_open
from .media_items import Place, folder, place_of
from .permissions import permitted
from .targets import TargetedCamera, async_loaded_cameras


async def async_get_media_source(hass: HomeAssistant) -> WallflowerMediaSource:
    """Offer the recordings of all sidecars."""
    return WallflowerMediaSource(hass)


class WallflowerMediaSource(MediaSource):
    """Recordings are played from the sidecar through Home Assistant."""

    name = "Wallflower"

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve every hub."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a film is played from."""
        place, _, name = item.identifier.rpartition("/")
        try:
            camera = self._camera(Place.parse(place))
        except (BrowseError, ValueError) as error:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="no_such_film") from error
        if (film := Film.parse(name)) is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="no_such_film")
        return PlayMedia(f"{FILM_URL}/{place_of(camera)}/{film}", MP4)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Show a folder."""
        try:
            place = Place.parse(item.identifier)
        except ValueError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder") from error
        if place.entry_id is None:
            cameras = [folder(place_of(each), each.subentry.title) for each in self._cameras()]
            return folder(place, self.name or DOMAIN, cameras, MediaClass.APP)
        camera = self._camera(place)
        try:
            return await async_open(camera, place)
        except WallflowerError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="sidecar_away") from error

    @override
    async def async_search_media(self, item: MediaSourceItem, query: SearchMediaQuery) -> SearchMedia:
        """Find sentences that can be played, best first."""
        try:
            place = Place.parse(item.identifier)
        except ValueError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder") from error
        cameras = self._cameras() if place.entry_id is None else [self._camera(place)]
        try:
            return SearchMedia(result=await async_find(cameras, place, query.search_query))
        except WallflowerError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="sidecar_away") from error

    def _cameras(self) -> list[TargetedCamera]:
        """Return the cameras that whoever asks may see: all for Home Assistant itself."""
        connection = current_connection.get()
        user = None if connection is None else connection.user
        return permitted(self.hass, user, POLICY_READ, async_loaded_cameras(self.hass))

    def _camera(self, place: Place) -> TargetedCamera:
        for camera in self._cameras():
            if (camera.entry.entry_id, camera.subentry.subentry_id) == (place.entry_id, place.subentry_id):
                return camera
        raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder")
