"""The composition root: settings in, a Quart app out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from quart import Quart

from shared.clock import Clock, SystemClock
from shared.errors import BuddyError
from shared.seed.vendor_prices import speech_price
from shared.settings import Settings
from voice import routes
from voice.announcements import TEXTS
from voice.conversation.commands import Announcement
from voice.counted import CountedLanguageModel
from voice.message_routes import message_doors
from voice.metrics import Metrics
from voice.metrics_routes import metrics_door
from voice.patience import TimedLanguageModel
from voice.ports import FRAME_BYTES
from voice.providers import Providers
from voice.recognisers import recognisers
from voice.service import VoiceService
from voice.voices import speech, speech_models
from voice.watching import Tracing


class TracingMissing(BuddyError):
    """Spans are wanted, but what makes them is not installed."""

    def __init__(self) -> None:
        super().__init__("BUDDY_TRACING_URL needs packages: pip install '.[tracing]'")


def create_app(
    settings: Settings,
    providers: Providers | None = None,
    clock: Clock | None = None,
    announcements: Mapping[Announcement, str] = TEXTS,
) -> Quart:
    """Return the voice service's app; its `service` stands in `app.extensions`."""
    app = Quart(__name__)
    metrics, clock = Metrics(), clock or SystemClock()
    service = VoiceService(
        settings,
        providers or vendors(settings, metrics),
        clock,
        announcements,
        metrics=metrics,
        tracing=tracing(settings, clock),
    )
    app.extensions["service"] = service
    routes.register(app, service)
    app.register_blueprint(message_doors(service))
    app.register_blueprint(metrics_door(service))
    app.before_serving(service.start)
    app.after_serving(service.stop)
    return app


def tracing(settings: Settings, clock: Clock) -> Tracing | None:
    """Return where spans go, if they are wanted."""
    if settings.tracing_url is None:
        return None
    try:
        from voice.tracing import Tracing as Collector  # noqa: PLC0415 - an extra, and off by default
    except ImportError as error:
        raise TracingMissing from error
    return Collector.to(settings.tracing_url, clock)


def vendors(settings: Settings, metrics: Metrics | None = None) -> Providers:
    """Return the adapters of the vendors that the settings name."""
    # Imported here: they take seconds, and a test with fakes needs none of them.
    from voice.adapters.deepgram_flux import CHUNK_BYTES  # noqa: PLC0415
    from voice.adapters.openai_chat import OpenAIChat  # noqa: PLC0415
    from voice.adapters.twilio_messages import TwilioTextMessages  # noqa: PLC0415
    from voice.adapters.twilio_rest import TwilioCallControl  # noqa: PLC0415

    metrics = metrics or Metrics()
    key, base_url = settings.openai_api_key.get_secret_value(), settings.openai_base_url
    chat = OpenAIChat(api_key=key, base_url=base_url)
    control = TwilioCallControl(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        base_url=settings.twilio_base_url,
    )
    messages = TwilioTextMessages(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        service_sid=settings.twilio_messaging_service_sid,
        base_url=settings.twilio_base_url,
    )
    closing = contextlib.AsyncExitStack()
    for adapter in (chat, control, messages):
        closing.push_async_callback(adapter.close)
    voices = speech(settings, closing, metrics)
    return Providers(
        speech_to_text=recognisers(settings, metrics),
        language_model=CountedLanguageModel(
            TimedLanguageModel(chat, first_token_seconds=settings.first_token_seconds),
            metrics,
            "openai_chat",
        ),
        text_to_speech=voices,
        call_control=control,
        text_messages=messages,
        warm_up=lambda: chat.warm_up(settings.chat_model),
        close=closing,
        speaks_as_wanted=lambda: voices.is_first_choice,
        warm_voice=voices.warm_up,
        speech_price=lambda: speech_price(speech_models(settings)[voices.speaks]),
        hearing_bytes=CHUNK_BYTES if settings.recogniser == "flux" else FRAME_BYTES,
    )
