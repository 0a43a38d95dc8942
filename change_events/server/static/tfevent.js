// Keys, live rows and the brush of the pages: speed, never meaning.
